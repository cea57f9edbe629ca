"""An S3 server on this machine: versitygw over a folder; named by VERSITYGW or found on the PATH.

It shares the cores with its clients, so its CPU time is reported separately.
"""

import os
import shutil
import socket
import subprocess
import time

ACCESS, SECRET = "bench", "benchbench"


def program():
    """The path of the server, or None."""
    return shutil.which(os.environ.get("VERSITYGW") or "versitygw")


def free_port():
    """A local port that is currently unused."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def answers(process, port):
    """Waits up to 10 s until a process accepts connections on its port; False if it exits or times out."""
    for _ in range(100):
        if process.poll() is not None:
            return False
        with socket.socket() as connection:
            if connection.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.1)
    return False


def cpu(pid):
    """CPU time that a process has used so far, seconds."""
    with open(f"/proc/{pid}/stat") as stat:
        # The name in parentheses may contain spaces; utime and stime are fields 14 and 15.
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Server:
    """A running server. A file created directly in `folder/<bucket>` is an object; all such objects have the same ETag."""

    def __init__(self, folder, log):
        port = free_port()
        self.endpoint = f"http://127.0.0.1:{port}"
        # Without --default-etag such an object has no ETag, so the client could not send If-Match.
        command = [program(), "--port", f"127.0.0.1:{port}", "posix", "--default-etag", "bench", folder]
        environment = {**os.environ, "ROOT_ACCESS_KEY": ACCESS, "ROOT_SECRET_KEY": SECRET}
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
        if not answers(self.process, port):
            self.stop()
            raise RuntimeError(f"the S3 server did not start; see {log}")

    def environment(self):
        """Variables with which a client uses the server."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCESS,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "CITYFLOW_S3_PATH_STYLE": "yes",
        }

    def cpu(self):
        """CPU time used so far, seconds."""
        return cpu(self.process.pid)

    def stop(self):
        self.process.terminate()
        self.process.wait()
