"""A program behind a proxy: count.py ADDRESS PORT.

POST anything: the body is read and its length comes back. GET /stream/N: N bytes come back, in chunks when the
path ends with /chunked.
"""
import http.server
import sys

PIECE = 256 * 1024


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = PIECE

    def log_message(self, *args):
        pass

    def do_POST(self):
        count = self.count_chunks() if "chunked" in self.headers.get("Transfer-Encoding", "") else self.count_bytes()
        text = str(count).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def count_bytes(self):
        length = left = int(self.headers.get("Content-Length", "0"))
        while left:
            left -= len(self.rfile.read(min(left, PIECE)))
        return length

    def count_chunks(self):
        total = 0
        while size := int(self.rfile.readline().split(b";")[0], 16):
            total += len(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return total

    def do_GET(self):
        parts = self.path.split("/")
        left = int(parts[2])
        chunked = parts[-1] == "chunked"
        self.send_response(200)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(left))
        self.end_headers()
        piece = b"d" * PIECE
        while left:
            now = piece[:left]
            left -= len(now)
            self.wfile.write(b"%x\r\n%s\r\n" % (len(now), now) if chunked else now)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True


Server((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
