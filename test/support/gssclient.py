"""A client of SOCKS 5 with GSS-API (RFC 1961), by python3-gssapi.

    gssclient.py token               prints the first token that it would send, in hexadecimal
    gssclient.py PORT LEVEL ...      logs in to the proxy at a port of 127.0.0.1, then does what it is told

LEVEL is what it asks for: 0, 1, 2 or 3, with an "n" behind it as an octet that is not wrapped. Then:

    connect HOST PORT                standard input there, and what comes from there to standard output
    fetch HOST PORT COUNT            reads that many octets, and prints their SHA-256 and the seconds
    bind                             prints the port, then as connect does
    associate HOST PORT TEXT...      sends each text, and prints the answers; "!" sends the one before
                                     again, "?" a datagram that is not protected
    login TIMES                      logs in so often
    spoil HOW HOST PORT              connects there, sends "right" and then something wrong, and waits for the end
"""
import hashlib
import os
import socket
import struct
import sys
import threading
import time

import gssapi


class Client:
    def __init__(self, port, asked):
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.sock.makefile("rb", 1 << 20)
        service = os.environ.get("GSS_SERVICE", "rcmd@localhost")
        name = gssapi.Name(service, gssapi.NameType.hostbased_service)
        flags = [gssapi.RequirementFlag.mutual_authentication]
        flags += [gssapi.RequirementFlag.integrity, gssapi.RequirementFlag.confidentiality]
        flags += [gssapi.RequirementFlag.replay_detection, gssapi.RequirementFlag.out_of_sequence_detection]
        self.context = gssapi.SecurityContext(name=name, usage="initiate", flags=flags)
        self.sock.sendall(b"\5\1\1")
        if self.read(2) != b"\5\1":
            sys.exit("the server does not want GSS-API")
        token = self.context.step()
        while token is not None:
            self.frame(1, token)
            if self.context.complete:
                break
            token = self.context.step(self.unframe(1))
        octet = bytes([int(asked[0])])
        bare = asked.endswith("n")
        self.frame(2, octet if bare else self.context.wrap(octet, False).message)
        answer = self.unframe(2)
        self.level = (answer if bare else self.context.unwrap(answer).message)[0]

    def read(self, count):
        octets = self.file.read(count)
        if len(octets) < count:
            sys.exit("the server ended the connection after %r" % octets)
        return octets

    def frame(self, kind, token):
        self.sock.sendall(struct.pack("!BBH", 1, kind, len(token)) + token)

    def unframe(self, kind):
        version, found = self.read(2)
        if found == 0xFF:
            sys.exit("the server gave up: %d %d" % (version, found))
        assert (version, found) == (1, kind), (version, found)
        return self.read(struct.unpack("!H", self.read(2))[0])

    def seal(self, octets):
        token = self.context.wrap(octets, self.level == 2).message
        return struct.pack("!BBH", 1, 3, len(token)) + token

    def send(self, octets):
        if self.level == 0:
            self.sock.sendall(octets)
        for i in range(0, len(octets) if self.level else 0, 60000):
            self.sock.sendall(self.seal(octets[i:i + 60000]))

    def receive(self):
        """What comes next; nothing at the end."""
        if self.level == 0:
            return self.file.read1(1 << 16)
        if not self.file.peek(1):
            return b""
        opened = self.context.unwrap(self.unframe(3))
        assert opened.encrypted == (self.level == 2), "not as it was agreed"
        return opened.message

    def request(self, command, host, port):
        self.send(b"\5" + bytes([command]) + b"\0\1" + socket.inet_aton(host) + struct.pack("!H", port))
        return self.reply()

    def reply(self):
        octets = b""
        while len(octets) < 10:
            more = self.read(10) if self.level == 0 else self.receive()
            if not more:
                sys.exit("no reply")
            octets += more
        if octets[1] != 0:
            sys.exit("reply %d" % octets[1])
        self.early = octets[10:]
        return struct.unpack("!H", octets[8:10])[0]

    def relay(self):
        def up():
            while True:
                octets = os.read(0, 1 << 16)
                if not octets:
                    break
                self.send(octets)
            self.sock.shutdown(socket.SHUT_WR)

        threading.Thread(target=up, daemon=True).start()
        out = sys.stdout.buffer
        out.write(self.early)
        while True:
            octets = self.receive()
            if not octets:
                break
            out.write(octets)
            out.flush()


def main(args):
    if args == ["token"]:
        name = gssapi.Name("rcmd@localhost", gssapi.NameType.hostbased_service)
        print(gssapi.SecurityContext(name=name, usage="initiate").step().hex())
        return
    port, level, what, *rest = args
    client = Client(int(port), level)
    print("level", client.level, file=sys.stderr, flush=True)
    if what == "connect":
        client.request(1, rest[0], int(rest[1]))
        client.relay()
    elif what == "bind":
        print(client.request(2, "0.0.0.0", 0), flush=True)
        client.reply()
        client.relay()
    elif what == "fetch":
        client.request(1, rest[0], int(rest[1]))
        count, digest, begun = int(rest[2]), hashlib.sha256(), time.monotonic()
        while count > 0:
            octets = client.receive()
            if not octets:
                sys.exit("%d octets are missing" % count)
            digest.update(octets)
            count -= len(octets)
        print(digest.hexdigest(), "%.2f" % (time.monotonic() - begun))
    elif what == "associate":
        relay = client.request(3, "0.0.0.0", 0)
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.settimeout(5)
        header = b"\0\0\0\1" + socket.inet_aton(rest[0]) + struct.pack("!H", int(rest[1]))
        sealed = b""
        for text in rest[2:]:
            plain = header + text.encode()
            if text == "?":
                sealed = plain
            elif text != "!":
                sealed = client.seal(plain) if client.level else plain
            udp.sendto(sealed, ("127.0.0.1", relay))
            if text in "!?":
                continue
            octets = udp.recv(65536)
            if client.level:
                assert octets[:2] == b"\1\3" and struct.unpack("!H", octets[2:4])[0] == len(octets) - 4
                opened = client.context.unwrap(octets[4:])
                assert opened.encrypted == (client.level == 2)
                octets = opened.message
            assert octets[:10] == header, octets
            print(octets[10:].decode(), flush=True)
    elif what == "spoil":
        client.request(1, rest[1], int(rest[2]))
        client.send(b"right")
        assert client.receive() == b"right"
        wrong = b"" if rest[0] == "bare" else client.seal(b"wrong")
        if rest[0] == "altered":
            wrong = wrong[:-1] + bytes([wrong[-1] ^ 1])
        elif rest[0] == "twice":
            wrong += wrong
        elif rest[0] == "missing":
            wrong = client.seal(b"next")
        elif rest[0] == "bare":
            token = client.context.wrap(b"wrong", False).message
            wrong = struct.pack("!BBH", 1, 3, len(token)) + token
        elif rest[0] == "type":
            wrong = b"\1\2" + wrong[2:]
        elif rest[0] == "version":
            wrong = b"\5" + wrong[1:]
        elif rest[0] == "empty":
            wrong = b"\1\3\0\0"
        elif rest[0] == "oversize":
            wrong = b"\1\3\xff\xff" + bytes(65535)
        elif rest[0] == "plain":
            wrong = b"GET / HTTP/1.1\r\n\r\n"
        elif rest[0] == "abort":
            wrong = b"\1\xff"
        if rest[0] == "truncated":
            wrong = wrong[:-1]
        client.sock.sendall(wrong)
        if rest[0] == "truncated":
            client.sock.shutdown(socket.SHUT_WR)
        try:
            while client.sock.recv(65536):
                pass
            print("ended")
        except ConnectionResetError:
            print("reset")
    elif what == "login":
        for _ in range(int(rest[0]) - 1):
            client.sock.close()
            client = Client(int(port), level)


main(sys.argv[1:])
