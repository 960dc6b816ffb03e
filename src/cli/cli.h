/*
 * What every file of the tool shares: exit codes, sub-commands (cmd_*.c), messages (message.c).
 *
 * Functions of the tool report through PpdlError like the core; only a
 * sub-command's own function prints and turns the status into an exit code.
 */
#ifndef PPDL_CLI_CLI_H
#define PPDL_CLI_CLI_H

#include <stdio.h>

#include "base/error.h"
#include "base/version.h"

typedef enum PpdlExit
{
	PPDL_EXIT_OK = 0,
	PPDL_EXIT_FAILED = 1,		/* files, memory, precision, bugs */
	PPDL_EXIT_USAGE = 2,		/* the command line is wrong */
	PPDL_EXIT_DATA = 3,			/* the input is wrong */
	PPDL_EXIT_KEY = 4,			/* key file, passphrase, somebody else's ciphertext */
	PPDL_EXIT_SERVER = 5		/* the database said no */
} PpdlExit;

#define PPDL_TOOL_VERSION PPDL_RELEASE

typedef struct PpdlCommand
{
	const char *name;
	const char *summary;
	int			(*run) (int argc, char **argv);	/* returns a PpdlExit */
} PpdlCommand;

int			ppdl_cmd_keygen(int argc, char **argv);
int			ppdl_cmd_publish(int argc, char **argv);
int			ppdl_cmd_features(int argc, char **argv);
int			ppdl_cmd_encode(int argc, char **argv);
int			ppdl_cmd_encrypt(int argc, char **argv);
int			ppdl_cmd_decrypt(int argc, char **argv);
int			ppdl_cmd_rekey(int argc, char **argv);
int			ppdl_cmd_query(int argc, char **argv);
int			ppdl_cmd_verify(int argc, char **argv);
int			ppdl_cmd_audit(int argc, char **argv);
int			ppdl_cmd_evaluate(int argc, char **argv);
int			ppdl_cmd_model(int argc, char **argv);
int			ppdl_cmd_inspect(int argc, char **argv);
int			ppdl_cmd_study(int argc, char **argv);
int			ppdl_cmd_stats(int argc, char **argv);
int			ppdl_cmd_shell(int argc, char **argv);
int			ppdl_cmd_status(int argc, char **argv);

/* Name of the running sub-command, for messages ("ppdl encrypt"). */
extern const char *ppdl_program;

/* "ppdl encrypt: <text>" on stderr, above a progress bar if one is shown */
void		ppdl_note(const char *fmt,...) __attribute__((format(printf, 1, 2)));
/* for on_exit(): output that cannot be written turns exit status 0 into 1 */
void		ppdl_close_output(int status, void *arg);

/* Prints err with its detail and hint, and returns the exit code that fits. */
PpdlExit	ppdl_fail(const PpdlError *err);

/*
 * Errors of the database carry PPDL_ERR_IO as status; this mark tells them from files'.
 * (The core has no status for servers: it knows none.)
 */
PpdlStatus	ppdl_server_error(PpdlError *err, const char *fmt,...) __attribute__((format(printf, 2, 3)));

#endif
