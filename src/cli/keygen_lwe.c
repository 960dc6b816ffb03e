#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/keygen.h"
#include "cli/outfile.h"
#include "cli/progress.h"
#include "cli/secret.h"

static PpdlStatus
new_owner(const PpdlKeygen *k, PpdlOwner **o, char **passphrase, PpdlError *err)
{
	const char *slash = strrchr(k->prefix, '/');
	const char *name = k->name ? k->name : slash ? slash + 1 : k->prefix;

	PPDL_TRY(ppdl_passphrase_new(passphrase, k->passphrase_file, k->secret_path, k->allow_weak, err));
	return ppdl_owner_generate(o, name, err);
}

static void
report_size(const char *path, const char *what)
{
	struct stat st;

	if (stat(path, &st) == 0)
		printf("%-12s %s (%.1f %s)\n", what, path, st.st_size < 1 << 20 ? (double) st.st_size / 1024 :
			   (double) st.st_size / (1 << 20),
			   st.st_size < 1 << 20 ? "KiB" : "MiB");
}

static void
report(const PpdlKeygen *k, const PpdlOwner *o)
{
	char		hex[17];

	ppdl_fingerprint_hex(hex, ppdl_owner_fingerprint(o));
	printf("name:        %s\nfingerprint: %s\n", ppdl_owner_name(o), hex);
	if (k->existing == NULL)
		report_size(k->secret_path, "secret key:");
	report_size(k->public_path, "public keys:");
}

/* an error about the file by its temporary name, or one that begins so, becomes one about the name it shall have */
static void
name_truly(const char *temporary, const char *path, PpdlError *err)
{
	char	   *at = strstr(err->message, temporary),
			   *end = at ? strchr(at, '"') : NULL;
	char		text[2 * sizeof err->message];

	if (end == NULL)
		return;
	snprintf(text, sizeof text, "%.*s%s%s", (int) (at - err->message), err->message, path, end);
	ppdl_error(err, err->code, "%s", text);
}

/*
 * The public file first, under a temporary name: it takes long, and a secret key without it would be in the way of a
 * second try.
 */
static PpdlStatus
write_files(const PpdlKeygen *k, PpdlOwner *o, const char *passphrase, const char *temporary, PpdlError *err)
{
	PpdlThreads *threads;
	PpdlStatus	status;

	PPDL_TRY(ppdl_threads_create(&threads, k->threads, err));
	status = ppdl_owner_write_public(o, temporary, k->uses, threads, ppdl_progress, NULL, err);
	if (status == PPDL_ERR_IO)
		name_truly(temporary, k->public_path, err);
	ppdl_threads_destroy(threads);
	ppdl_progress_clear();
	PPDL_TRY(status);
	if (k->existing == NULL)
		PPDL_TRY(ppdl_owner_save(o, k->secret_path, passphrase, err));
	if (rename(temporary, k->public_path) != 0)
		return ppdl_os_error(err, "write", k->public_path);
	return PPDL_OK;
}

PpdlStatus
ppdl_keygen_lwe(const PpdlKeygen *k, PpdlError *err)
{
	PpdlOwner  *o = NULL;
	char	   *passphrase = NULL;
	char	   *temporary = NULL;
	PpdlStatus	status;

	if (k->existing)
		PPDL_GOTO(done, ppdl_key_open(&o, k->existing, k->passphrase_file, err));
	else
		PPDL_GOTO(done, new_owner(k, &o, &passphrase, err));
	PPDL_GOTO(done, ppdl_out_temporary(k->public_path, &temporary, err));
	status = write_files(k, o, passphrase, temporary, err);
	if (status == PPDL_OK)
		report(k, o);
	else
		unlink(temporary);
	ppdl_out_forget();

done:
	free(temporary);
	ppdl_passphrase_free(passphrase);
	ppdl_owner_destroy(o);
	return status;
}
