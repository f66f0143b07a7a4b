"""A mail server that misbehaves at random, from a seed, and writes down what it took.

``unruly.py PORT FILE [options]``. It is polite from the signal SIGUSR1 on.

A line of JSON per message it read to the final dot, written before the reply leaves, with its
verdict:

* ``taken``: the client is told so;
* ``unsaid``: taken, but the client gets no reply, or one that makes no sense;
* ``refused``: not taken, and the client is told so;
* ``dropped``: not taken, and the client gets no reply, or one that makes no sense.
"""

import argparse
import email.parser
import json
import random
import signal
import socket
import socketserver
import ssl
import struct
import threading
import time
from contextlib import contextmanager

from temper import MOST_SECONDS_OF_A_REPLY, Reply, Temper

IDLE_SECONDS = 120.0


class HungUp(Exception):
    """The conversation is over."""


class Connection(socketserver.StreamRequestHandler):
    """A client's conversation with the server, a method per command."""

    timeout = IDLE_SECONDS

    def setup(self):
        super().setup()
        self.number, self.temper = self.server.next_temper()
        self.recipients = []
        self.sender = None
        self.count = 0
        self.is_secure = False

    def handle(self):
        # a client that is killed is no matter
        try:
            with self.server.place() as has_place:
                if not has_place:
                    self._send(Reply(b"421 4.7.0 too many connections\r\n", ending="closed"))
                self._answer(220, "unruly ESMTP")
                while line := self.rfile.readline(2048):
                    self._command(line)
        except (OSError, HungUp):
            pass

    def finish(self):
        super().finish()
        self.connection.close()  # TLS has a socket of its own

    def _command(self, line):
        self._log("<", line)
        verb, _blank, rest = line.decode("latin-1").strip().partition(" ")
        command = getattr(self, f"do_{verb.lower()}", None)
        if command:
            command(rest)
        else:
            self._send(Reply(b"502 5.5.2 what?\r\n"))

    def do_ehlo(self, _name):
        offers = ["unruly", "8BITMIME"]
        if self.server.options.pipelining:
            offers.append("PIPELINING")
        if self.server.options.starttls and not self.is_secure:
            offers.append("STARTTLS")
        self._answer(250, *offers)

    def do_helo(self, _name):
        self._answer(250, "unruly")

    def do_starttls(self, _rest):
        if self._answer(220, "go ahead"):
            context = self.server.tls_context
            self.connection = context.wrap_socket(self.connection, server_side=True)
            self.rfile = self.connection.makefile("rb")
            self.is_secure = True

    def do_mail(self, path):
        self._forget()
        if self.server.has_enough_of(self.count):
            self._send(Reply(b"421 4.7.0 enough for one connection\r\n", ending="closed"))
        if self._answer(250):
            self.sender = path

    def do_rcpt(self, path):
        if self.sender is None:
            self._send(Reply(b"503 5.5.1 who are you?\r\n"))
        elif self._answer(250):
            self.recipients.append(path.partition("<")[2].rpartition(">")[0])

    def do_data(self, _rest):
        if not self.recipients and not self.server.options.lenient:
            self._send(Reply(b"554 5.5.1 for whom?\r\n"))
        elif self._answer(354):
            content = self._read_content()
            if self.recipients:
                self._take(content)
            else:
                self._send(Reply(b"554 5.5.1 for nobody\r\n"))
            self._forget()

    def do_rset(self, _rest):
        self._forget()
        self._answer(250)

    def do_noop(self, _rest):
        self._answer(250)

    def do_quit(self, _rest):
        self._send(Reply(b"221 2.0.0 bye\r\n", ending="closed"))

    def _read_content(self):
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                raise HungUp
            lines.append(line)
        return b"".join(lines)

    def _take(self, content):
        """Decide what becomes of a message, write it down, and only then answer."""
        self.count += 1
        reply = self.temper.reply(250)
        if reply.is_clear:
            verdict = "taken" if reply.is_welcome else "refused"
        else:
            verdict = self.temper.chance.choice(("unsaid", "dropped"))
        message_id = email.parser.BytesHeaderParser().parsebytes(content)["Message-ID"] or ""
        self.server.write_down(verdict, self.recipients, message_id.strip())
        self._send(reply)

    def _forget(self):
        self.sender = None
        self.recipients = []

    def _answer(self, code, *words):
        """Answer a command; tell whether it was the welcome."""
        return self._send(self.temper.reply(code, *words))

    def _send(self, reply):
        time.sleep(reply.seconds + self.server.delay())
        self._log(">", reply.content, reply.ending or "")
        self.connection.sendall(reply.content)
        if reply.ending:
            self._end(reply.ending)
        return reply.is_welcome

    def _end(self, ending):
        if ending == "reset":
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
        elif ending == "half closed":
            self.connection.settimeout(MOST_SECONDS_OF_A_REPLY)
            self.connection.shutdown(socket.SHUT_WR)
            while self.connection.recv(1 << 16):
                pass
        raise HungUp

    def _log(self, direction, content, *more):
        print(f"{time.time():.3f}", f"#{self.number}", direction, content[:200], *more, flush=True)


class Server(socketserver.ThreadingTCPServer):
    """Connections in threads, with what they share."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 100

    def __init__(self, options):
        super().__init__(("127.0.0.1", options.port), Connection)
        self.options = options
        self.is_polite = False
        self.tls_context = _tls_context() if options.starttls else None
        self._record = open(options.file, "w")  # noqa: SIM115 (open as long as the process lives)
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(options.connections or 10_000)
        self._number = 0

    def next_temper(self):
        """Return the next connection's number and its temper."""
        with self._lock:
            self._number += 1
            number = self._number
        chance = random.Random(f"{self.options.seed}/{number}")
        return number, Temper(chance, self._trouble)

    def _trouble(self):
        return 0 if self.is_polite else self.options.trouble / 100

    def delay(self):
        return 0 if self.is_polite else self.options.milliseconds / 1000

    def has_enough_of(self, count):
        limit = self.options.messages
        return limit and count >= limit and not self.is_polite

    @contextmanager
    def place(self):
        """A place for a connection; tells whether there was one."""
        has_place = self._places.acquire(blocking=False)
        try:
            yield has_place or self.is_polite
        finally:
            if has_place:
                self._places.release()

    def write_down(self, verdict, recipients, message_id):
        with self._lock:
            for recipient in recipients:
                line = {
                    "at": time.time(),
                    "recipient": recipient,
                    "message_id": message_id,
                    "verdict": verdict,
                }
                self._record.write(json.dumps(line) + "\n")
            self._record.flush()

    def become_polite(self, *_signal):
        self.is_polite = True


def _tls_context():
    import trustme  # only needed here

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    return context


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("file", help="the record of what it took")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--trouble", type=float, default=2, help="chance of a trick per reply, in %%"
    )
    parser.add_argument("--milliseconds", type=int, default=0, help="of each reply")
    parser.add_argument("--messages", type=int, default=0, help="of a connection; 0: no limit")
    parser.add_argument("--connections", type=int, default=0, help="at a time; 0: no limit")
    parser.add_argument("--pipelining", action="store_true", help="offer PIPELINING")
    parser.add_argument("--starttls", action="store_true", help="offer STARTTLS")
    parser.add_argument("--lenient", action="store_true", help="take DATA for nobody")
    with Server(parser.parse_args()) as server:
        signal.signal(signal.SIGUSR1, server.become_polite)
        server.serve_forever()


if __name__ == "__main__":
    main()
