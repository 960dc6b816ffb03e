#include "table/features_named.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rows/encoding.h"

#define HEAD 4096				/* the id stands before all that may be long */

static int
is_json(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot != NULL && strcmp(dot, ".json") == 0;
}

/* pipes and devices are not opened: they could wait for ever */
static int
holds(const char *path, const char *id)
{
	char		head[HEAD];
	ssize_t		n;
	struct stat st;
	int			fd;

	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || (fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) < 0)
		return 0;
	n = read(fd, head, sizeof head);
	close(fd);
	return n > 0 && memmem(head, (size_t) n, "\"ppdl-features\"", 15) != NULL &&
		memmem(head, (size_t) n, id, PPDL_ENCODING_SIZE + 1) != NULL;
}

/* the first in `directory`, by name */
static int
find_in(char *path, size_t size, const char *directory, uint64_t encoding)
{
	char		hex[PPDL_ENCODING_SIZE],
				id[PPDL_ENCODING_SIZE + 2];
	struct dirent **entry;
	int			n = scandir(directory, &entry, is_json, alphasort),
				found = 0;

	ppdl_encoding_print(hex, encoding);
	snprintf(id, sizeof id, "\"%s\"", hex);
	for (int i = 0; i < n; i++)
	{
		int			len = found ? 0 : strcmp(directory, ".") == 0 ? snprintf(path, size, "%s", entry[i]->d_name) :
			snprintf(path, size, "%s/%s", directory, entry[i]->d_name);

		found = found || ((size_t) len < size && holds(path, id));
		free(entry[i]);
	}
	if (n >= 0)
		free(entry);
	return found;
}

int
ppdl_features_named(char *path, size_t size, const char *const *files, int n, uint64_t encoding)
{
	for (int i = 0; i < n; i++)
	{
		const char *slash = strrchr(files[i], '/');
		char	   *directory = slash ? strndup(files[i], slash > files[i] ? (size_t) (slash - files[i]) : 1) : NULL;
		int			found = directory && find_in(path, size, directory, encoding);

		free(directory);
		if (found)
			return 1;
	}
	return find_in(path, size, ".", encoding);
}
