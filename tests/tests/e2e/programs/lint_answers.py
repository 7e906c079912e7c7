"""Holds a dozen kinds of answer to httplint: lint_answers.py DOORWARD

Runs that Doorward on 127.0.0.4:8099 and prints each answer with the WARN and BAD notes it gets. Ends with 1 where there is one
that is not argued below, or where one that is argued does not come.
"""
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile

from httplint.message import HttpRequestLinter, HttpResponseLinter

ADDRESS = ("127.0.0.4", 8099)

# The operator says how long files may be kept (clientCache); without that caches guess, as with a stock IIS.
CONFIGURATION = """<configuration>
  <system.applicationHost><sites><site name="lint" id="1">
    <application path="/"><virtualDirectory path="/" physicalPath="{www}" /></application>
    <bindings><binding protocol="http" bindingInformation="{host}:{port}:" /></bindings>
  </site></sites></system.applicationHost>
  <location path="lint"><system.webServer>
    <staticContent><clientCache cacheControlMode="UseMaxAge" cacheControlMaxAge="1.00:00:00" /></staticContent>
  </system.webServer></location>
  <location path="lint/limited"><system.webServer><security><dynamicIpSecurity>
    <denyByRequestRate enabled="true" maxRequests="1" requestIntervalInMilliseconds="3600000" />
  </dynamicIpSecurity></security></system.webServer></location>
  <location path="lint/upstream"><doorward><proxy to="http://127.0.0.1:1" /></doorward></location>
</configuration>
"""

# httplint takes any 400 for a mishap; these are answers to mishaps.
NOT_UNDERSTOOD = "The server didn't understand the request."
# RFC 9110 15.3.7.2: with several parts each has its Content-Range, and the head MUST NOT have one.
NO_RANGE = "This response is partial, but doesn't have a Content-Range header."

# Name, method and path, header lines, status, argued notes. {etag} is the file's.
KINDS = [
    ("200", "GET /a.txt", "", 200, set()),
    ("200 HEAD", "HEAD /a.txt", "", 200, set()),
    ("206", "GET /a.txt", "Range: bytes=1-3\r\n", 206, set()),
    ("206 several parts", "GET /a.txt", "Range: bytes=0-1,4-5\r\n", 206, {NO_RANGE}),
    ("301", "GET /folder", "", 301, set()),
    ("304", "GET /a.txt", "If-None-Match: {etag}\r\n", 304, set()),
    ("400", "GET /a.txt", "Bad Name: x\r\n", 400, {NOT_UNDERSTOOD}),
    ("403.502", "GET /limited/", "", 403, set()),
    ("404", "GET /none.txt", "", 404, set()),
    ("405", "DELETE /a.txt", "", 405, set()),
    ("412", "GET /a.txt", 'If-Match: "other"\r\n', 412, set()),
    ("416", "GET /a.txt", "Range: bytes=99-\r\n", 416, set()),
    # HTTP.sys says 400 where RFC 6585 has 431; so do we, over HTTP/1.
    ("a head too long", "GET /a.txt", "X: " + "x" * 20_000 + "\r\n", 400, {NOT_UNDERSTOOD}),
    ("502", "GET /upstream/a.txt", "", 502, set()),
]


def exchange(line, fields=""):
    """Status line, header fields and content of one answer."""
    with socket.create_connection(ADDRESS, timeout=20) as connection:
        connection.sendall(f"{line} HTTP/1.1\r\nHost: lint.test\r\nConnection: close\r\n{fields}\r\n".encode())
        data = b""
        while piece := connection.recv(65_536):
            data += piece
    head, _, content = data.partition(b"\r\n\r\n")
    top, *lines = head.split(b"\r\n")
    return top, [tuple(part.strip() for part in line.split(b":", 1)) for line in lines], content


def notes(line, request_fields, answer):
    """What httplint warns of or calls bad."""
    top, fields, content = answer
    method, path = line.encode().split(b" ")
    request, response = HttpRequestLinter(), HttpResponseLinter()
    request.process_request_topline(method, b"http://lint.test" + path, b"1.1")
    sent = [tuple(field.encode().split(b": ", 1)) for field in request_fields.splitlines()]
    request.process_headers([(b"Host", b"lint.test"), *sent])
    response.request, response.is_head_response = request, method == b"HEAD"
    version, status, *phrase = top.split(b" ", 2)
    response.process_response_topline(version, status, *phrase)
    response.process_headers(fields)
    response.feed_content(content)
    response.finish_content(True, [])
    return {note.summary for note in response.notes if note.level.name in ("WARN", "BAD")}


def check():
    etag = dict(exchange("GET /a.txt")[1])[b"ETag"].decode()
    exchange("GET /limited/")
    wrong = 0
    for name, line, fields, status, argued in KINDS:
        fields = fields.replace("{etag}", etag)
        answer = exchange(line, fields)
        found = notes(line, fields, answer)
        is_right = found == argued and int(answer[0].split(b" ")[1]) == status
        wrong += not is_right
        print("ok   " if is_right else "WRONG", name, "|", answer[0].decode(), "|", "; ".join(sorted(found)))
    print(f"{len(KINDS)} answers, {wrong} wrong")
    return 1 if wrong else 0


def main():
    with tempfile.TemporaryDirectory() as folder:
        www, config = pathlib.Path(folder, "www"), pathlib.Path(folder, "home/config/applicationHost.config")
        (www / "folder").mkdir(parents=True)
        (www / "limited").mkdir()
        (www / "a.txt").write_text("0123456789")
        (www / "limited/index.html").write_text("<!doctype html><title>a page</title>")
        config.parent.mkdir(parents=True)
        config.write_text(CONFIGURATION.format(www=www, host=ADDRESS[0], port=ADDRESS[1]))
        command = [sys.argv[1], "--home", f"{folder}/home", "run"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as doorward:
            for said in doorward.stdout:
                if said == "Ready.\n":
                    break
            try:
                return check()
            finally:
                doorward.send_signal(signal.SIGTERM)


sys.exit(main())
