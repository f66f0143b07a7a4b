"""Recipients who fetch what stands in their letters, many at the same moment."""

import http.client
import itertools
import threading
import time
from collections import Counter

ANSWER_SECONDS = 60
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


def fetch(port, paths, count, clients, method="GET"):
    """Fetch paths of a server, over and over.

    :param paths: one after the other, and from the first again
    :param count: how many requests in all
    :param clients: how many at the same moment
    :return: seconds it took, and how often which HTTP status or error was the answer
    """
    work = itertools.islice(itertools.cycle(paths), count)
    lock, answers = threading.Lock(), Counter()

    def client():
        while True:
            with lock:
                path = next(work, None)
            if path is None:
                return
            answer = _answer(port, method, path)
            with lock:
                answers[answer] += 1

    threads = [threading.Thread(target=client) for _number in range(clients)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - start, answers


def _answer(port, method, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        body = "List-Unsubscribe=One-Click" if method == "POST" else None
        form = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        connection.request(method, path, body, BROWSER | form)
        response = connection.getresponse()
        response.read()
        return response.status
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()
