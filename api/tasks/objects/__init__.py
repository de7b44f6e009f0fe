"""Calendar objects (iCalendar, RFC 5545): bytes as clients put them and get them, and the tasks that they stand for."""

from api.tasks.objects.content import MAX_BYTES
from api.tasks.objects.read import read
from api.tasks.objects.write import write

__all__ = ["MAX_BYTES", "read", "write"]
