"""A mail server that takes its time for each reply, and notes who got what.

``slow_sink.py PORT MILLISECONDS FILE``: a line per message taken, its recipient.
"""

import asyncio
import sys

from aiosmtpd.smtp import SMTP


class Handler:
    def __init__(self, seconds, record):
        self.seconds = seconds
        self.record = record

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        await asyncio.sleep(self.seconds)
        envelope.mail_from = address
        return "250 ok"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        await asyncio.sleep(self.seconds)
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        # once before the content is asked for, in the eyes of the client, and once behind it
        await asyncio.sleep(2 * self.seconds)
        # noted before it is acknowledged: what the client doubts may be here, not the reverse
        self.record.write(f"{envelope.rcpt_tos[0]}\n")
        self.record.flush()
        return "250 taken"


async def main(port, milliseconds, file):
    with open(file, "w") as record:
        handler = Handler(milliseconds / 1000, record)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(handler), "127.0.0.1", port)
        await server.serve_forever()


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
