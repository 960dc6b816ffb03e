#include "cli/study_clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

double
ppdl_cpu_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double) (u.ru_utime.tv_sec + u.ru_stime.tv_sec) + 1e-6 * (double) (u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* text of /proc/PID/file, cut to size; 0 when there is none */
static int
read_proc(int pid, const char *file, char *out, size_t size)
{
	char		path[64];
	size_t		n;
	FILE	   *f;

	snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
	f = fopen(path, "r");
	if (f == NULL)
		return 0;
	n = fread(out, 1, size - 1, f);
	fclose(f);
	out[n] = 0;
	return n > 0;
}

static int
is_here(const char *host)
{
	return host == NULL || host[0] == 0 || host[0] == '/' || strcmp(host, "localhost") == 0 ||
		strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
}

/* a forwarded port or a container may lie behind a local address: the process must be a server's, too */
int
ppdl_backend_here(const PpdlDb *db)
{
	int			pid = PQbackendPID(db->conn);
	char		name[64];

	return is_here(PQhost(db->conn)) && read_proc(pid, "comm", name, sizeof name) && strncmp(name, "postgres", 8) == 0 ?
		pid : 0;
}

double
ppdl_backend_cpu_seconds(int pid)
{
	char		text[2048];
	const char *at;
	unsigned long user,
				system;

	/* the name, in parentheses, may hold anything; state is field 3, utime 14, stime 15 */
	if (pid == 0 || !read_proc(pid, "stat", text, sizeof text) || (at = strrchr(text, ')')) == NULL ||
		sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
		return NAN;
	return (double) (user + system) / (double) sysconf(_SC_CLK_TCK);
}

double
ppdl_backend_peak_bytes(int pid)
{
	char		text[8192];
	const char *at;

	if (pid == 0 || !read_proc(pid, "status", text, sizeof text) || (at = strstr(text, "VmHWM:")) == NULL)
		return NAN;
	return 1024.0 * strtod(at + 6, NULL);
}
