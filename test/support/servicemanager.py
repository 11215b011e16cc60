# Takes datagrams as systemd does (sd_notify(3)) at the UNIX socket that it is told, a path or a name
# behind @, and prints each as a line: the sender's process, and the assignments as JSON.
import array, json, os, socket, struct, sys

address = sys.argv[1]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
listener.bind('\0' + address[1:] if address.startswith('@') else address)
if not address.startswith('@'):
    os.chmod(address, 0o777)
print('ready', flush=True)
while True:
    data, ancillary, _, _ = listener.recvmsg(65536, 1024)
    pid = None
    for level, kind, value in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
            pid = struct.unpack('3i', value[:12])[0]
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            # Who sends BARRIER=1 waits until this is closed.
            descriptors = array.array('i')
            descriptors.frombytes(value[:len(value) - len(value) % descriptors.itemsize])
            for descriptor in descriptors:
                os.close(descriptor)
    print(json.dumps({'pid': pid, 'text': data.decode()}), flush=True)
