"""MLflow."""

import os
import re
import time
from pathlib import Path

from synthkit.registry import TRACKERS
from synthkit.trackers.content import identity, pictures, scalars, settings

LONGEST = 500  # characters of a parameter that every store takes
PARAMETERS = 100  # at once
STATUS = {"end": "FINISHED", "failed": "FAILED"}  # after such a record


@TRACKERS.register_module("mlflow")
class MLflow:
    """Sends figures, samples and the config to an MLflow store. Needs the package mlflow, or mlflow-skinny.

    A resumed run goes on in the same run there.

    Args:
        uri: of the store: http://HOST:5000, or sqlite:///FILE; by default what $MLFLOW_TRACKING_URI says,
            else MLflow's own default.
        experiment: where the run belongs; made if there is none.
        name: of the run; the folder's name by default.
    """

    def __init__(
        self, run: Path, *, uri: str | None = None, experiment: str = "synthkit", name: str | None = None
    ):
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # figures go to the store and nowhere else
        from mlflow import MlflowClient
        from mlflow.entities import Metric, Param

        self.metric, self.client = Metric, MlflowClient(tracking_uri=uri)
        self.id = identity(run, "mlflow") if (run / "trackers" / "mlflow.txt").is_file() else ""
        if not self.id:
            self.id = identity(run, "mlflow", new=self._create(experiment, name or run.resolve().name))
        parameters = [Param(_name(key), str(value)[:LONGEST]) for key, value in settings(run).items()]
        for first in range(0, len(parameters), PARAMETERS):
            self.client.log_batch(self.id, params=parameters[first : first + PARAMETERS])
        self.client.update_run(self.id, status="RUNNING")
        self.status = "KILLED"  # unless it ends

    def log(self, record: dict) -> None:
        """Send what a record holds of figures and pictures."""
        step, now = record["step"], int(1000 * time.time())
        if values := scalars(record):
            metrics = [self.metric(_name(name), value, now, step) for name, value in values.items()]
            self.client.log_batch(self.id, metrics=metrics)
        if record["kind"] == "samples":
            for _, path in pictures(record):
                self.client.log_artifact(self.id, str(path), f"samples/{step:08d}")
        self.status = STATUS.get(record["kind"], self.status)

    def close(self) -> None:
        self.client.set_terminated(self.id, self.status)

    def _create(self, experiment: str, name: str) -> str:
        known = self.client.get_experiment_by_name(experiment)
        place = known.experiment_id if known else self.client.create_experiment(experiment)
        return self.client.create_run(place, run_name=name).info.run_id


def _name(name: str) -> str:
    """The name with underscores for what MLflow does not allow in one."""
    return re.sub(r"[^\w\-. /]", "_", name, flags=re.ASCII)
