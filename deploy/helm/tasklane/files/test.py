import sys
from http.client import HTTPConnection

# It lives, it reaches its database and finds its schema, and it lets nobody in without a token.
for path, expected in (("/livez", 200), ("/readyz", 200), ("/api/tasks", 401)):
    api = HTTPConnection("tasklane-api", 8000, timeout=10)
    api.request("GET", path)
    answer = api.getresponse()
    sys.stdout.write(f"{path}: {answer.status} {answer.read().decode()}\n")
    if answer.status != expected:
        sys.exit(f"{expected} was expected")
