"""An S3 server on this machine: versitygw over a folder, found by VERSITYGW or on the PATH.

It and its clients share the cores, so its CPU time is told beside theirs.
"""

import os
import shutil
import socket
import subprocess
import time

ACCESS, SECRET = "bench", "benchbench"


def program():
    """The server's binary, or None."""
    return shutil.which(os.environ.get("VERSITYGW") or "versitygw")


def free_port():
    """A port of this machine that nobody listens on at this moment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def answers(process, port):
    """Waits until a process answers on its port; False where it has ended or takes too long."""
    for _ in range(100):
        if process.poll() is not None:
            return False
        with socket.socket() as door:
            if door.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.1)
    return False


def cpu(pid):
    """CPU seconds that a process has used up to now."""
    with open(f"/proc/{pid}/stat") as stat:
        # The name in parentheses may hold spaces; utime and stime are fields 14 and 15.
        after = stat.read().rpartition(")")[2].split()
    return (int(after[11]) + int(after[12])) / os.sysconf("SC_CLK_TCK")


class Server:
    """A running server. A file that is put into `folder/<bucket>` by hand is an object; all those have the same ETag."""

    def __init__(self, folder, log):
        port = free_port()
        self.endpoint = f"http://127.0.0.1:{port}"
        # Without --default-etag such an object has none, and no version to ask for.
        command = [program(), "--port", f"127.0.0.1:{port}", "posix", "--default-etag", "bench", folder]
        environment = {**os.environ, "ROOT_ACCESS_KEY": ACCESS, "ROOT_SECRET_KEY": SECRET}
        with open(log, "wb") as told:
            self.process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=told, stderr=subprocess.STDOUT
            )
        if not answers(self.process, port):
            self.stop()
            raise RuntimeError(f"the S3 server did not start: see {log}")

    def environment(self):
        """What a client needs to know."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCESS,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "CITYFLOW_S3_PATH_STYLE": "yes",
        }

    def cpu(self):
        """CPU seconds that it has used up to now."""
        return cpu(self.process.pid)

    def stop(self):
        self.process.terminate()
        self.process.wait()
