"""An OpenTelemetry Collector on this machine that discards all data; named by OTELCOL or found on the PATH.

It shares the cores with the measured program, so its CPU time is reported separately.
"""

import json
import os
import shutil
import subprocess

from server import answers, cpu, free_port


def program():
    """The path of the collector, or None."""
    return shutil.which(os.environ.get("OTELCOL") or "otelcol")


def configuration(port):
    """The configuration, as JSON, which is valid YAML."""
    pipeline = {"receivers": ["otlp"], "exporters": ["debug"]}
    return {
        "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": f"127.0.0.1:{port}"}}}},
        # Writes one line per batch to the log.
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
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                [program(), "--config", config], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
        if not answers(self.process, self.port):
            self.stop()
            raise RuntimeError(f"the collector did not start; see {log}")

    def environment(self):
        """Variables with which a program sends its telemetry to the collector."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.port}",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        }

    def cpu(self):
        """CPU time used so far, seconds."""
        return cpu(self.process.pid)

    def stop(self):
        self.process.terminate()
        self.process.wait()
