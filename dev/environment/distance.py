"""Make a mail server distant: what it says arrives so many milliseconds late.

``distance.py PORT SERVER_PORT MILLISECONDS``
"""

import asyncio
import contextlib
import sys


async def forward(reader, send):
    while block := await reader.read(1 << 16):
        send(block)


async def main(port, server_port, milliseconds):
    async def connected(client, to_client):
        server, to_server = await asyncio.open_connection("127.0.0.1", server_port)
        later = asyncio.get_running_loop().call_later
        ways = [
            asyncio.create_task(forward(client, to_server.write)),
            asyncio.create_task(
                forward(server, lambda block: later(milliseconds / 1000, to_client.write, block))
            ),
        ]
        with contextlib.suppress(ConnectionError):
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.sleep(milliseconds / 1000)
        for way in ways:
            way.cancel()
        to_server.close()
        to_client.close()

    listener = await asyncio.start_server(connected, "127.0.0.1", port)
    await listener.serve_forever()


asyncio.run(main(*map(int, sys.argv[1:])))
