"""What a worker holds of a broker that has gone away is let go of, instead of ending the worker."""

from __future__ import annotations

import pytest
import redis
from celery import current_app
from django.conf import settings
from kombu import Consumer, Queue

from leadqual import celery as _celery  # noqa: F401 - as in each of our processes
from leadqual import health
from tests.processes import Process
from tests.test_other_processes import eventually


def test_a_connection_that_was_given_up_can_be_closed_and_its_messages_acknowledged_in_vain() -> None:
    taken = []
    connection = current_app.connection_for_write()
    queue = Queue("test-letting-go")
    for number in range(3):
        connection.Producer().publish({"number": number}, exchange="", routing_key=queue.name, declare=[queue])
    with Consumer(connection.default_channel, [queue], callbacks=[lambda body, message: taken.append(message)]):
        while len(taken) < 3:
            connection.drain_events(timeout=5)
    channel = taken[0].channel
    connection.collect()  # what Celery does as soon as the server does not answer
    channel._disconnect_pools()  # and what kombu does
    taken[0].ack()
    taken[1].requeue()  # as where the process that had it was killed
    channel.close()
    with current_app.connection_for_write() as again:
        again.default_channel.queue_delete(queue.name)


@pytest.mark.slow
def test_a_broker_that_refuses_for_a_while_what_is_written_ends_no_worker(celery_worker_process: Process) -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as broker:
        broker.execute_command("ACL SETUSER default -brpop")  # a full disk does it with each command that writes
        try:
            refused = eventually(lambda: "NoPermissionError" in celery_worker_process.log)
        finally:
            broker.execute_command("ACL SETUSER default +brpop")
    assert refused
    assert eventually(lambda: health.workers().state == health.UP)
    assert celery_worker_process.process.poll() is None
