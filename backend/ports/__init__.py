"""What lies outside: WeChat and cryptography. Protocol, real adapter and stand-in together."""
