"""A DOS program's file operations over SMB, one JSON request and one JSON answer a line.

The opens are those of old programs: whoever writes lets nobody else in, whoever reads lets nobody write, and nobody renames or
removes what is open. Debian's python3-samba is the client, because it leaves share modes to its caller.
"""

import base64
import json
import sys

from samba import NTSTATUSError, credentials
from samba.samba3 import libsmb_samba_internal as libsmb
from samba.samba3 import param

READ, WRITE = 0x120089, 0x120196
SHARE_NONE, SHARE_READ, SHARE_ALL = 0, 1, 7
OPEN, CREATE = 1, 2
ORDINARY_FILE = 0x40
ARCHIVE = 0x20
AT_THE_END = 0xC0000011, 0xC00000E9  # the server's word, and what the library makes of it


def connect(conf, host, share):
    settings = param.get_context()
    settings.load(conf)
    nobody = credentials.Credentials()
    nobody.set_anonymous()
    return libsmb.Conn(host, share, lp=settings, creds=nobody)


class Program:
    def __init__(self, conn):
        self.conn = conn

    def list(self, name):
        return [e["name"] for e in self.conn.list(name, attribs=0x37)]

    def attributes(self, name):
        folder, _, base = name.rpartition("\\")
        return {e["name"]: e["attrib"] for e in self.conn.list(folder, attribs=0x37)}[base]

    def open(self, name):
        return self.conn.create(name, DesiredAccess=READ, ShareAccess=SHARE_READ, CreateDisposition=OPEN, CreateOptions=ORDINARY_FILE)

    def openshared(self, name):
        return self.conn.create(name, DesiredAccess=READ, ShareAccess=SHARE_ALL, CreateDisposition=OPEN, CreateOptions=ORDINARY_FILE)

    def create(self, name, attributes=ARCHIVE):
        return self.conn.create(name, DesiredAccess=WRITE, FileAttributes=attributes, ShareAccess=SHARE_NONE,
                                CreateDisposition=CREATE, CreateOptions=ORDINARY_FILE)

    def read(self, handle, offset, size):
        try:
            return base64.b64encode(self.conn.read(handle, offset, size)).decode()
        except NTSTATUSError as error:
            if error.args[0] in AT_THE_END:
                return ""
            raise

    def write(self, handle, offset, data):
        return self.conn.write(handle, base64.b64decode(data), offset)

    def close(self, handle):
        self.conn.close(handle)

    def rename(self, source, target):
        self.conn.rename(source, target)

    def remove(self, name):
        self.conn.unlink(name)


def main():
    program = Program(connect(*sys.argv[1:]))
    print(json.dumps({"result": "ready"}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"result": getattr(program, request["do"])(*request["with"])}
        except NTSTATUSError as error:
            answer = {"status": error.args[0], "text": error.args[1]}
        print(json.dumps(answer), flush=True)


main()
