"""Loads each URL with http.client and with httpx: clients.py URL...

Prints a line for each answer: client, URL, HTTP version, status, body. Certificates are taken as they are.
"""
import http.client
import ssl
import sys
import urllib.parse

import httpx

SECONDS_MAX = 20


def with_http_client(url):
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "https":
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection(parts.netloc, timeout=SECONDS_MAX, context=context)
    else:
        connection = http.client.HTTPConnection(parts.netloc, timeout=SECONDS_MAX)
    # Twice: the second request is on the kept connection.
    for _ in range(2):
        connection.request("GET", parts.path)
        answer = connection.getresponse()
        body = answer.read().decode()
    connection.close()
    print("http.client", url, f"HTTP/{answer.version // 10}.{answer.version % 10}", answer.status, body)


def with_httpx(url, http2):
    with httpx.Client(http2=http2, verify=False, trust_env=False, timeout=SECONDS_MAX) as client:
        client.get(url)
        answer = client.get(url)
        print("httpx", url, answer.http_version, answer.status_code, answer.text)


for url in sys.argv[1:]:
    with_http_client(url)
    with_httpx(url, http2=False)
    if url.startswith("https:"):
        with_httpx(url, http2=True)
