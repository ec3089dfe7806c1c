"""A small web application: a page that is computed, from a template it reads for every request.

app.py PORT [whole]: by default head and body of an answer are written one after the other, with
"whole" both at once.
"""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Page(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1 if sys.argv[2:] == ["whole"] else 0

    def do_GET(self):
        with open(__file__, "rb") as f:
            body = f.read() + str(sum(range(2000))).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


ThreadingHTTPServer.request_queue_size = 128
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
