"""A thread pool of HTTP clients with a source address: pool.py. Four threads, eight requests.

Makes the sample python-threads-halves: strace cuts the calls of threads that run at the same time
into `<unfinished ...>` and `resumed` halves. Everything is on the loopback.
"""

import http.client
import http.server
import threading
from concurrent.futures import ThreadPoolExecutor


class Slow(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        gate.wait(timeout=5)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        return


def get(number: int) -> int:
    source = ("0.0.0.0", 0) if number % 2 == 0 else None
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10, source_address=source)
    client.request("GET", f"/{number}")
    status = client.getresponse().status
    client.close()
    return status


gate = threading.Barrier(4)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow)
port = server.server_address[1]
threading.Thread(target=server.serve_forever, daemon=True).start()
with ThreadPoolExecutor(max_workers=4) as pool:
    assert list(pool.map(get, range(8))) == [200] * 8
server.shutdown()
