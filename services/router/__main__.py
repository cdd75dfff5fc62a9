"""python -m services.router"""

from infra.chassis.service import run
from services.router.app import create_app
from services.router.settings import RouterSettings

if __name__ == "__main__":
    run("router", RouterSettings, create_app, migrations="services.router.migrations")
