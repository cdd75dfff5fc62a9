"""python -m services.audit"""

from infra.chassis.service import run
from services.audit.app import create_app
from services.audit.settings import AuditSettings

if __name__ == "__main__":
    run("audit", AuditSettings, create_app, migrations="services.audit.migrations")
