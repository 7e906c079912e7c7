"""Holds one address and answers nothing: hold.py ADDRESS PORT. `::` takes every address of both families."""
import socket
import sys

address, port = sys.argv[1], int(sys.argv[2])
family = socket.AF_INET6 if ":" in address else socket.AF_INET
holder = socket.socket(family, socket.SOCK_STREAM)
if address == "::":
    holder.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
holder.bind((address, port))
holder.listen()
while True:
    holder.accept()[0].close()
