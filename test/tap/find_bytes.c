/*
 * find_bytes PATTERNS PATH ...: where any of many byte strings stands in files or in all files below directories.
 *
 * PATTERNS has a string a line, none with NUL.  Prints "FILE:STRING" for each place, as grep -aoF does, which takes
 * minutes for a thousand strings and the gigabytes of a server.  Exits with 1 when nothing is found, with 2 on errors.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PREFIX 3				/* bytes, which every string has */

typedef struct Pattern
{
	const uint8_t *bytes;
	size_t		len;
} Pattern;

static Pattern *pattern;		/* sorted by prefix */
static size_t npattern;
static uint8_t first[1 << 21];	/* a bit for each prefix that a string has */
static size_t nfound;
static int	failed;

static void
complain(const char *what)
{
	fprintf(stderr, "find_bytes: %s: %s\n", what, strerror(errno));
	failed = 1;
}

static uint32_t
prefix(const uint8_t *p)
{
	return p[0] | p[1] << 8 | (uint32_t) p[2] << 16;
}

static int
compare(const void *a, const void *b)
{
	uint32_t	x = prefix(((const Pattern *) a)->bytes),
				y = prefix(((const Pattern *) b)->bytes);

	return (x > y) - (x < y);
}

/* the first of the patterns with a prefix */
static size_t
lower_bound(uint32_t x)
{
	size_t		low = 0,
				high = npattern;

	while (low < high)
	{
		size_t		mid = low + (high - low) / 2;

		if (prefix(pattern[mid].bytes) < x)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void
look_at(const char *name, const uint8_t *p, size_t left)
{
	const uint32_t x = prefix(p);
	size_t		i;

	for (i = lower_bound(x); i < npattern && prefix(pattern[i].bytes) == x; i++)
	{
		if (pattern[i].len > left || memcmp(p, pattern[i].bytes, pattern[i].len) != 0)
			continue;
		printf("%s:%.*s\n", name, (int) pattern[i].len, (const char *) pattern[i].bytes);
		nfound++;
	}
}

static void
search(const char *name, const uint8_t *bytes, size_t len)
{
	size_t		i;

	for (i = 0; i + PREFIX <= len; i++)
	{
		const uint32_t x = prefix(bytes + i);

		if (first[x >> 3] >> (x & 7) & 1)
			look_at(name, bytes + i, len - i);
	}
}

/* a file's bytes, or NULL; an empty file has none and is no error */
static void *
map_file(const char *name, size_t *len)
{
	const int	fd = open(name, O_RDONLY);
	struct stat st;
	void	   *bytes = NULL;

	*len = 0;
	if (fd < 0 || fstat(fd, &st) != 0)
		complain(name);
	else if (st.st_size > 0)
	{
		bytes = mmap(NULL, (size_t) st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (bytes == MAP_FAILED)
		{
			complain(name);
			bytes = NULL;
		}
		else
			*len = (size_t) st.st_size;
	}
	if (fd >= 0)
		close(fd);
	return bytes;
}

static int
visit(const char *name, const struct stat *st, int type, struct FTW *ftw)
{
	size_t		len;
	void	   *bytes;

	(void) ftw;
	if (type == FTW_DNR || type == FTW_NS)
		complain(name);
	if (type != FTW_F || !S_ISREG(st->st_mode))
		return 0;
	bytes = map_file(name, &len);
	if (bytes == NULL)
		return 0;
	search(name, bytes, len);
	munmap(bytes, len);
	return 0;
}

static int
read_patterns(const char *name)
{
	size_t		len;
	const uint8_t *p = map_file(name, &len),
			   *end = p + len;

	pattern = malloc((len + 1) * sizeof(*pattern));
	if (p == NULL || pattern == NULL)
		return -1;
	while (p < end)
	{
		const uint8_t *stop = memchr(p, '\n', (size_t) (end - p));

		if (stop == NULL)
			stop = end;
		if (stop - p < PREFIX)
		{
			fprintf(stderr, "find_bytes: %s: a string of fewer than %d bytes\n", name, PREFIX);
			return -1;
		}
		pattern[npattern++] = (Pattern) {p, (size_t) (stop - p)};
		first[prefix(p) >> 3] |= (uint8_t) (1 << (p[0] & 7));
		p = stop + 1;
	}
	qsort(pattern, npattern, sizeof(*pattern), compare);
	return 0;
}

int
main(int argc, char **argv)
{
	int			i;

	if (argc < 3 || read_patterns(argv[1]) != 0)
		return 2;
	for (i = 2; i < argc; i++)
	{
		if (nftw(argv[i], visit, 32, FTW_PHYS) != 0)
			complain(argv[i]);
	}
	if (fflush(stdout) != 0)
		complain("standard output");
	return failed ? 2 : nfound == 0;
}
