"""Runs one server on a free loopback port, and not a moment longer than its parent lives.

    python -I -c "$(cat serve.py)" ministack|moto
    python -I -c "$(cat serve.py)" program PATH ARGUMENT…

The port of an emulated AWS server goes to standard output as one line, as soon as it is bound. The parent holds the other end
of standard input open and never writes to it: when it lets go, be it by a drop, an exit, a panic or
kill -9, this process kills its whole group. Nothing else stops it, a Ctrl-C on the terminal neither.
"""

import os
import signal
import socket
import sys
import threading


def die_with_parent():
    """Waits for the end of standard input, then kills this process and all that it started."""
    try:
        while os.read(0, 4096):
            pass
    finally:
        if os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(0)


def announce(port):
    """Tells the parent the port, then turns standard output into standard error."""
    os.write(1, b"%d\n" % port)
    os.dup2(2, 1)


def bound():
    """A listening socket on a free port of 127.0.0.1, so that no other process can take it first."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.bind(("127.0.0.1", 0))
    sock.listen(1024)
    return sock


def copies_to_each(s3):
    """Corrects S3: an object is copied to the bucket of each rule that covers it, not of the first alone.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-configurations.html
    """
    chosen = threading.local()
    copy = s3._maybe_replicate

    def covers(rule, key, tags):
        wanted = s3._replication_rule_tags(rule).items()
        return (
            rule.get("Status") == "Enabled"
            and key.startswith(s3._replication_rule_prefix(rule))
            and all(tags.get(name) == value for name, value in wanted)
        )

    def rule_for(bucket, key, tags):
        return chosen.rule, s3._bucket_replication[bucket].get("Role", "")

    def copies(bucket, key, obj, data, tags=None):
        config = s3._bucket_replication.get(bucket)
        if not config or s3._bucket_versioning.get(bucket) != "Enabled":
            return
        failed = False
        for rule in [rule for rule in config.get("Rules", []) if covers(rule, key, tags or {})]:
            chosen.rule = rule
            copy(bucket, key, obj, data, tags)
            failed = failed or obj.get("replication_status") == "FAILED"
        if failed:
            obj["replication_status"] = "FAILED"

    s3._replication_rule_for = rule_for
    s3._maybe_replicate = copies


def tags_of_uploads(s3):
    """Corrects S3: an object that is made of parts has the tags that its upload was begun with.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html
    """
    import urllib.parse

    begun = {}
    create, complete = s3._create_multipart_upload, s3._complete_multipart_upload

    def creates(bucket, key, headers):
        before = set(s3._multipart_uploads)
        answer = create(bucket, key, headers)
        if answer[0] == 200 and headers.get("x-amz-tagging"):
            for upload in set(s3._multipart_uploads) - before:
                begun[upload] = urllib.parse.parse_qsl(headers["x-amz-tagging"])
        return answer

    def completes(bucket, key, body, query, headers=None):
        answer = complete(bucket, key, body, query, headers)
        tags = begun.pop(s3._qp(query, "uploadId"), None)
        if answer[0] == 200 and tags:
            root = s3.Element("Tagging", xmlns=s3.S3_NS)
            each = s3.SubElement(root, "TagSet")
            for name, value in tags:
                tag = s3.SubElement(each, "Tag")
                s3.SubElement(tag, "Key").text = name
                s3.SubElement(tag, "Value").text = value
            s3._put_object_tagging(bucket, key, s3._xml_body(root))
        return answer

    s3._create_multipart_upload = creates
    s3._complete_multipart_upload = completes


def ministack():
    """MiniStack without the parts of its own main that bind, detach or write pid files."""
    sock = bound()
    os.environ["GATEWAY_PORT"] = str(sock.getsockname()[1])

    import asyncio

    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app
    from ministack.services import s3

    copies_to_each(s3)
    tags_of_uploads(s3)
    config = Config()
    config.bind = [f"fd://{sock.fileno()}"]
    config.backlog = 1024
    config.keep_alive_timeout = 3600
    config.keep_alive_max_requests = 1 << 40
    config.loglevel = "WARNING"
    announce(sock.getsockname()[1])
    asyncio.run(serve(app, config))


def moto():
    """moto's server on a thread per request, as its own main runs it."""
    sock = bound()
    os.environ["MOTO_PORT"] = str(sock.getsockname()[1])

    import logging

    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server(
        "127.0.0.1",
        sock.getsockname()[1],
        DomainDispatcherApplication(create_backend_app),
        threaded=True,
        request_handler=MotoRequestHandler,
        fd=sock.fileno(),
    )
    announce(sock.getsockname()[1])
    server.serve_forever()


def program():
    """Any other server, which has been told its port."""
    import subprocess

    sys.exit(subprocess.call(sys.argv[2:], stdin=subprocess.DEVNULL))


signal.signal(signal.SIGINT, signal.SIG_IGN)
threading.Thread(target=die_with_parent, daemon=True).start()
{"ministack": ministack, "moto": moto, "program": program}[sys.argv[1]]()
