import contextlib
import errno
import os
import socket
import ssl
from selectors import EVENT_READ, EVENT_WRITE

from OpenSSL import SSL

# Bytes that are sent or received at once. TLS seals no more in one piece (RFC 8446, section 5.1):
# of a block that could not be sent the server can read nothing, and one that was received leaves
# nothing behind in the TLS library, where waiting for the socket would not see it.
BLOCK_SIZE = 16 * 1024
# Without TLS more may be sent.
PLAIN_BLOCK_SIZE = 8 * BLOCK_SIZE


class Line:
    """The socket of a session that is open, used without ever waiting.

    It may be a plain one, one with Python's TLS, or one with pyOpenSSL's as urllib3 wraps it, which
    Odoo uses for servers that want a certificate.

    :param sock: the socket as ``smtplib`` has it
    :ivar seconds: how long it was ready to wait, None for ever
    :ivar int block_size: bytes that may be sent at once
    :ivar int fileno: by which one waits for it
    :ivar int event: what to wait for, EVENT_READ or EVENT_WRITE, after something was not possible:
        TLS may have to read in order to send, and the other way round
    """

    def __init__(self, sock):
        connection = getattr(sock, "connection", None)
        is_openssl = isinstance(connection, SSL.Connection)
        self._sock = _OpenSsl(connection) if is_openssl else sock
        self.seconds = (sock.socket if is_openssl else sock).gettimeout()
        self.block_size = PLAIN_BLOCK_SIZE if type(sock) is socket.socket else BLOCK_SIZE
        self.fileno = sock.fileno()
        self.event = EVENT_READ
        sock.settimeout(0)
        # else small commands wait for the server's delayed acknowledgement, 40 ms a message
        with contextlib.suppress(OSError), self._plain_socket() as plain:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data) -> int:
        """Return how much of up to a block was sent; 0 when it is to be tried again with the same.

        :raise OSError: the connection is broken
        """
        return self._attempt(self._sock.send, data, EVENT_WRITE) or 0

    def receive(self) -> bytes | None:
        """Return what has come, nothing when the server has closed; None when there is nothing yet.

        :raise OSError: the connection is broken
        """
        return self._attempt(self._sock.recv, BLOCK_SIZE, EVENT_READ)

    def cut_off(self) -> None:
        """Break the connection, whatever TLS library is above it; what has come can be received."""
        with contextlib.suppress(OSError), self._plain_socket() as plain:
            plain.shutdown(socket.SHUT_RDWR)

    @contextlib.contextmanager
    def _plain_socket(self):
        # no copy of it: there may be no file descriptor left
        plain = socket.socket(fileno=self.fileno)
        try:
            yield plain
        finally:
            plain.detach()

    def _attempt(self, deed, argument, event):
        try:
            return deed(argument)
        except BlockingIOError:
            self.event = event
        except ssl.SSLWantReadError:
            self.event = EVENT_READ
        except ssl.SSLWantWriteError:
            self.event = EVENT_WRITE
        except ssl.SSLEOFError as error:
            raise _closed() from error
        return None


class _OpenSsl:
    """A connection of pyOpenSSL with the manners of Python's sockets."""

    def __init__(self, connection):
        self._connection = connection

    def send(self, data):
        try:
            with _errors_of_python():
                return self._connection.send(data)
        except EOFError as error:
            raise _closed() from error

    def recv(self, size):
        with contextlib.suppress(EOFError), _errors_of_python():
            return self._connection.recv(size)
        return b""


def _closed():
    return BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


@contextlib.contextmanager
def _errors_of_python():
    try:
        yield
    except SSL.WantReadError as error:
        raise ssl.SSLWantReadError from error
    except SSL.WantWriteError as error:
        raise ssl.SSLWantWriteError from error
    except SSL.ZeroReturnError as error:
        raise EOFError from error
    except SSL.SysCallError as error:
        if error.args[0] == -1:  # closed, and TLS not ended before
            raise EOFError from error
        raise OSError(error.args[0], os.strerror(error.args[0])) from error
    except SSL.Error as error:
        raise ssl.SSLError(str(error)) from error
