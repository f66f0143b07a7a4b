"""Keep every mail as a file: ``mail_catcher.py PORT FOLDER``."""

import asyncio
import re
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP


class Keeper:
    def __init__(self, folder):
        self.folder = folder
        self.count = len(list(folder.glob("*.eml")))

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.count += 1
        recipient = re.sub(r"[^\w.@-]", "_", envelope.rcpt_tos[0])
        # written under another name first: whoever reads *.eml reads whole mails
        part = self.folder / f"{self.count:05}-{recipient}.part"
        part.write_bytes(envelope.content)
        part.rename(part.with_suffix(".eml"))
        return "250 kept"


async def main(port, folder):
    keeper = Keeper(folder)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(keeper), "127.0.0.1", port)
    await server.serve_forever()


asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
