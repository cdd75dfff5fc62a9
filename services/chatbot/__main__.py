"""python -m services.chatbot"""

from infra.chassis.service import run
from services.chatbot.app import create_app
from services.chatbot.settings import ChatbotSettings

if __name__ == "__main__":
    run("chatbot", ChatbotSettings, create_app, migrations="services.chatbot.migrations")
