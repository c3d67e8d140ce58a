/* What the interop client is told to do, one line a command, and what it tells, one line of JSON an
 * event:
 *
 *   start ID METHOD [request=HEX] [fill=N] [deadline_ms=N] [wait=1] [KEY:HEX]...
 *   send ID [request=HEX] [fill=N]       one request of a stream
 *   receive ID                           ask for one response of a stream
 *   half_close ID
 *   cancel ID
 *
 * `request` is a serialized Request, `fill` the size of a payload to put into it, KEY:HEX a pair of
 * metadata. Events are "sent", "not_sent", "received", "no_more" and "ended", and "send_refused"
 * and so on for what a call that has ended does not do. Bytes are hexadecimal. */
#ifndef INTEROP_COMMANDS_H
#define INTEROP_COMMANDS_H

#include <stdbool.h>

#include "wire_client.h"

struct interop_commands;

/* NULL: no memory. */
struct interop_commands *interop_commands_new(struct wire_client *client);

/* Do what a line says; false if it says nothing that can be done. Writes to the line. */
bool interop_command(struct interop_commands *commands, char *line);

/* Give back the calls, which may be under way; they are told of until the client is destroyed. */
void interop_commands_release(struct interop_commands *commands);

/* When the client is destroyed. Takes NULL. */
void interop_commands_destroy(struct interop_commands *commands);

#endif
