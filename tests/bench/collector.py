"""An OpenTelemetry Collector on this machine that throws away what it gets, found by OTELCOL or on the PATH.

It and the program that it listens to share the cores, so its CPU time is told beside that one's.
"""

import json
import os
import shutil
import subprocess

from server import answers, cpu, free_port


def program():
    """The collector's binary, or None."""
    return shutil.which(os.environ.get("OTELCOL") or "otelcol")


def configuration(port):
    """What it is told to do, as JSON, which is YAML too."""
    pipeline = {"receivers": ["otlp"], "exporters": ["debug"]}
    return {
        "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": f"127.0.0.1:{port}"}}}},
        # A line for each batch, into a file that nobody reads.
        "exporters": {"debug": {}},
        "service": {
            "telemetry": {"metrics": {"level": "none"}},
            "pipelines": {"traces": pipeline, "metrics": pipeline},
        },
    }


class Collector:
    """A running collector."""

    def __init__(self, folder):
        self.port = free_port()
        config, log = folder / "collector.json", folder / "collector.log"
        config.write_text(json.dumps(configuration(self.port)))
        with open(log, "wb") as told:
            self.process = subprocess.Popen(
                [program(), "--config", config], stdin=subprocess.DEVNULL, stdout=told, stderr=subprocess.STDOUT
            )
        if not answers(self.process, self.port):
            self.stop()
            raise RuntimeError(f"the collector did not start: see {log}")

    def environment(self):
        """What a program needs to know that tells it something."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.port}",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        }

    def cpu(self):
        """CPU seconds that it has used up to now."""
        return cpu(self.process.pid)

    def stop(self):
        self.process.terminate()
        self.process.wait()
