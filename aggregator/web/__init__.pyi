from .app import application as application
from .app import of_folder as of_folder
from .server import WebServer as WebServer
