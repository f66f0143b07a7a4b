from . import test_queue_in_parts
