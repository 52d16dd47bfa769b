/* SPDX-License-Identifier: Apache-2.0 */
/* commands.h - one function per sub-command; argv[0] is its name. Each returns an exit code. */
#ifndef LY_HOST_COMMANDS_H
#define LY_HOST_COMMANDS_H

struct opts;

int cmd_fetch(const struct opts *o, int argc, char **argv);
int cmd_serve(const struct opts *o, int argc, char **argv);
int cmd_ping(const struct opts *o, int argc, char **argv);
int cmd_dig(const struct opts *o, int argc, char **argv);
/* netstat, arp, route, stats, regs */
int cmd_netstat(const struct opts *o, int argc, char **argv);
int cmd_doctor(const struct opts *o, int argc, char **argv);
int cmd_bench(const struct opts *o, int argc, char **argv);
int cmd_replay(const struct opts *o, int argc, char **argv);

#endif
