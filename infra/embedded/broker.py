"""The embedded broker as a process: `python -m infra.embedded.broker BINARY HOST:PORT`.

It forgets everything when it stops, so each start gets a new cluster id; that is how the services
notice and publish again what the trail has not confirmed.
"""

import os
import sys
from uuid import uuid4


def main() -> None:
    binary, address = sys.argv[1:3]
    url = f"tcp://{address}"
    os.execv(  # noqa: S606 - our own binary, no shell
        binary,
        [
            binary,
            "broker",
            "--cluster-id",
            f"henvend-{uuid4().hex[:12]}",
            "--listener-url",
            url,
            "--advertised-listener-url",
            url,
            "--storage-engine",
            "memory://henvend/",
        ],
    )


if __name__ == "__main__":
    main()
