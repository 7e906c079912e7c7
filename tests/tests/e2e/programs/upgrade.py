"""A program behind a proxy that changes the protocol: upgrade.py ADDRESS PORT.

/echo     answers an Upgrade with 101 and a greeting in the same segment, then sends every piece back; `bye` ends it
/other    answers 101 with a protocol that nobody asked for
/forged   answers 101 with the hash of another key
/frames   speaks WebSocket: a greeting, then every message back
/released answers when /frames has got the message `question`
/events   sends one event and then waits until the proxy leaves
anything else answers with the head it got
"""
import base64
import hashlib
import socketserver
import sys
import threading

QUESTION = threading.Event()


GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def key_of(head):
    return next(line for line in head.split("\r\n") if line.lower().startswith("sec-websocket-key")).split(": ")[1]


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while True:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                line = self.rfile.readline()
                if not line:
                    return
                head += line
            if not self.answer(head.decode()):
                return

    def answer(self, head):
        fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
        self.rfile.read(int(fields.get("content-length", 0)))
        path = head.split(" ")[1]
        if path.endswith("/events"):
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\ndata: one\n\n")
            self.rfile.read(1)
            return False
        if path.endswith("/other"):
            self.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n")
            return False
        if path.endswith("/frames"):
            self.frames(hashlib.sha1((key_of(head) + GUID).encode()).digest())
            return False
        if path.endswith("/released"):
            status = b"200 OK" if QUESTION.wait(30) else b"504 Nothing Came"
            self.wfile.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")
            return True
        if path.endswith("/forged"):
            self.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n")
            self.wfile.write(b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
            return False
        if path.endswith("/echo") and fields.get("connection") == "upgrade":
            self.echo(hashlib.sha1((key_of(head) + GUID).encode()).digest())
            return False
        body = head.encode()
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        return True

    def switch(self, digest, first):
        self.wfile.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n" + first
        )

    def frames(self, digest):
        self.switch(digest, b"\x81\x05hello")
        while len(head := self.rfile.read(2)) == 2:
            length = head[1] & 127
            mask, masked = self.rfile.read(4), self.rfile.read(length)
            message = bytes(byte ^ mask[at % 4] for at, byte in enumerate(masked))
            if message == b"question":
                QUESTION.set()
            self.wfile.write(bytes([head[0], length]) + message)

    def echo(self, digest):
        self.switch(digest, b"hello")
        while True:
            piece = self.request.recv(65536)
            if not piece:
                return
            self.request.sendall(piece)
            if piece.endswith(b"bye"):
                return


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


Server((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
