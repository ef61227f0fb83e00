"""Mends Celery's transport for Redis and Valkey: when the server died, it took the worker with it."""

from __future__ import annotations

from typing import Any

from kombu.transport import redis


class LettingGo(redis.QoS):
    """The messages that a channel has delivered; when its connection is given up, none of them can be given back.

    kombu tries all the same, on a connection that it has just taken apart, and the AttributeError ends the worker. The
    messages stay noted at the broker; whoever waits for a job sends its task again (`JobQuerySet.send_again`).
    """

    def ack(self, delivery_tag: str) -> None:
        """Tells the broker that a message is done, where that can still be told."""
        if self._is_connected():
            super().ack(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Refuses a message, as one whose process was killed, where that can still be told."""
        if self._is_connected():
            super().reject(delivery_tag, requeue=requeue)

    def restore_unacked(self, client: Any = None) -> Any:
        """Gives back what was not done, where somebody is there to take it."""
        if self._is_connected():
            return super().restore_unacked(client)
        if self._delivered:
            self._delivered.clear()
        return None

    def _is_connected(self) -> bool:
        transport = self.channel.connection
        return transport is not None and transport.client is not None


def outlive() -> None:
    """Makes every channel to Redis or Valkey survive the loss of its connection."""
    redis.Channel.QoS = LettingGo
