"""Who changed what, when. Written in the transaction of the change; read by the console."""
