"""Socket.IO: sessions in, signals out. The only place that knows the protocol and its library."""
