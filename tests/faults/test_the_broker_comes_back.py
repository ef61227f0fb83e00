"""What a worker holds of a broker that has gone away is let go of, instead of ending the worker."""

from __future__ import annotations

from celery import current_app
from kombu import Consumer, Queue

from leadqual import celery as _celery  # noqa: F401 - as in each of our processes


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
