/*
 * Writes synthetic pictures of trabecular bone, PGM files in a folder for each class, and prints what they are worth:
 * the accuracy of the best possible classifier (the Bayes accuracy) of the number that the classes differ in.
 *
 *	generate_images 2|3 DIRECTORY
 *
 * A picture is smoothed noise, anisotropic and cut off softly: struts and holes whose size is its coarseness.  The
 * logarithm of the coarseness is normal, with the same spread and another mean for each class; all else (direction,
 * density, exposure, noise) is drawn alike for all.  No scan of a person stands behind any of it.  README.md has more.
 */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SIDE			64
#define PICTURES		240
#define SEED			UINT64_C(0x7472616265)
#define RADIUS			12			/* of the smoothing, in pixels */
#define MARGIN			RADIUS
#define FIELD			(SIDE + 2 * MARGIN)
#define MEAN_SIZE		1.7			/* coarseness in the middle of the classes, in pixels */
#define SPREAD			0.14		/* standard deviation of its logarithm in a class */

typedef struct Study
{
	int			classes;
	const char *name[3];
	double		apart;			/* of neighbouring classes, in spreads */
} Study;

static const Study studies[] = {
	{2, {"healthy", "osteoporosis"}, 2.4},
	{3, {"healthy", "osteopenia", "osteoporosis"}, 2.0},
};

/* xorshift64*: ample for synthetic data, and the same on every machine */
static uint64_t random_state = SEED;

static double
uniform(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (double) (random_state * UINT64_C(0x2545f4914f6cdd1d) >> 11) * 0x1p-53;
}

static double
between(double low, double high)
{
	return low + uniform() * (high - low);
}

/* standard normal (Box and Muller 1958) */
static double
normal(void)
{
	double		radius = sqrt(-2 * log(1 - uniform()));

	return radius * cos(2 * M_PI * uniform());
}

/* the weights of an elongated Gaussian, so scaled that smoothed noise keeps its variance */
static void
make_kernel(double *weight, double size, double elongation, double angle)
{
	double		along = size * elongation,
				across = size / elongation;
	double		squares = 0;
	int			n = 2 * RADIUS + 1;

	for (int y = -RADIUS; y <= RADIUS; y++)
		for (int x = -RADIUS; x <= RADIUS; x++)
		{
			double		u = (x * cos(angle) + y * sin(angle)) / along,
						v = (y * cos(angle) - x * sin(angle)) / across;
			double		w = exp(-(u * u + v * v) / 2);

			weight[(y + RADIUS) * n + x + RADIUS] = w;
			squares += w * w;
		}
	for (int i = 0; i < n * n; i++)
		weight[i] /= sqrt(squares);
}

static double
smooth(const double *noise, const double *weight, int x, int y)
{
	double		sum = 0;
	int			n = 2 * RADIUS + 1;

	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			sum += weight[i * n + j] * noise[(y + i) * FIELD + x + j];
	return sum;
}

/* grey levels of a picture whose struts are `size` wide */
static void
draw(uint8_t *grey, double size)
{
	static double noise[FIELD * FIELD];
	double		weight[(2 * RADIUS + 1) * (2 * RADIUS + 1)];
	double		threshold = between(-0.3, 0.3),	/* more or less bone */
				softness = between(0.25, 0.45),
				dark = between(40, 70),
				bright = between(150, 200),
				slope_x = between(-25, 25),
				slope_y = between(-25, 25),
				grain = between(3, 9);

	make_kernel(weight, size, between(1.05, 1.35), between(0, M_PI));
	for (int i = 0; i < FIELD * FIELD; i++)
		noise[i] = normal();
	for (int y = 0; y < SIDE; y++)
		for (int x = 0; x < SIDE; x++)
		{
			double		bone = 1 / (1 + exp(-(smooth(noise, weight, x, y) - threshold) / softness));
			double		v = dark + (bright - dark) * bone + grain * normal() +
				slope_x * ((double) x / SIDE - 0.5) + slope_y * ((double) y / SIDE - 0.5);

			grey[y * SIDE + x] = (uint8_t) (v < 0 ? 0 : v > 255 ? 255 : v + 0.5);
		}
}

static void
fail(const char *path)
{
	fprintf(stderr, "generate_images: cannot write %s: %s\n", path, strerror(errno));
	exit(EXIT_FAILURE);
}

static void
make_directory(const char *path)
{
	if (mkdir(path, 0777) != 0 && errno != EEXIST)
		fail(path);
}

static void
write_pgm(const char *path, const uint8_t *grey)
{
	FILE	   *f = fopen(path, "wb");

	if (f == NULL || fprintf(f, "P5\n%d %d\n255\n", SIDE, SIDE) < 0 || fwrite(grey, SIDE * SIDE, 1, f) != 1 || fclose(f) != 0)
		fail(path);
}

/* class k is more likely than the next one below this logarithm of the coarseness */
static double
boundary(const Study *s, int k)
{
	return log(MEAN_SIZE) + (k + 0.5 - (s->classes - 1) / 2.0) * s->apart * SPREAD;
}

static int
best_guess(const Study *s, double log_size)
{
	int			k = 0;

	while (k < s->classes - 1 && log_size > boundary(s, k))
		k++;
	return k;
}

/* of classes that are equally likely: the outer ones are missed on one side, the others on both */
static double
bayes_accuracy(const Study *s)
{
	double		miss = erfc(s->apart / 2 / sqrt(2)) / 2;

	return 1 - miss * 2 * (s->classes - 1) / s->classes;
}

int
main(int argc, char **argv)
{
	const Study *s = argc == 3 && strcmp(argv[1], "2") == 0 ? &studies[0] :
		argc == 3 && strcmp(argv[1], "3") == 0 ? &studies[1] : NULL;
	char		path[4096];
	uint8_t		grey[SIDE * SIDE];
	int			hits = 0;

	if (s == NULL)
	{
		fputs("usage: generate_images 2|3 DIRECTORY\n", stderr);
		return EXIT_FAILURE;
	}
	make_directory(argv[2]);
	for (int k = 0; k < s->classes; k++)
	{
		snprintf(path, sizeof path, "%s/%s", argv[2], s->name[k]);
		make_directory(path);
	}
	for (int i = 0; i < PICTURES; i++)
	{
		int			k = i % s->classes;
		double		log_size = log(MEAN_SIZE) + (k - (s->classes - 1) / 2.0) * s->apart * SPREAD + SPREAD * normal();

		hits += best_guess(s, log_size) == k;
		draw(grey, exp(log_size));
		snprintf(path, sizeof path, "%s/%s/%03d.pgm", argv[2], s->name[k], i + 1);
		write_pgm(path, grey);
	}
	printf("pictures=%d\nclasses=%d\n", PICTURES, s->classes);
	printf("bayes_accuracy=%.4f\nachieved_on_these_pictures=%.4f\n", bayes_accuracy(s), (double) hits / PICTURES);
	return EXIT_SUCCESS;
}
