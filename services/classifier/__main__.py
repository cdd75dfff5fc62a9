"""python -m services.classifier"""

from infra.chassis.service import run
from services.classifier.app import create_app
from services.classifier.settings import ClassifierSettings

if __name__ == "__main__":
    run(
        "classifier",
        ClassifierSettings,
        create_app,
        migrations="services.classifier.migrations",
    )
