/*
 * Random networks and what their stated errors are worth, for the property test and the benchmark of estimates.
 *
 * Widths 2 to 1,024 (evenly in their logarithm), one to five layers, all kinds of activation;
 * convolution, with and without pooling, on images of one or two channels.  Weights of a layer are
 * spread evenly, normal, all alike, a few large among zeros, or over twelve powers of ten (1e-9 to 1e3, linear models);
 * scaled so that units are of about 1/2 to 2 for random inputs.  Half of all intervals take in what units can reach for
 * inputs in [-1,1], half stop short of it, by half at most.
 *
 * A network's truth is the rms error of that output, over rows of that kind (inside, corners, corners where a unit of
 * the first layer is largest or an output far out), for which it is largest: an estimate has to hold for each row.  How
 * far the estimate is exceeded is the largest error of all over the stated deviation.
 */
#ifndef TEST_RANDOM_NETS_H
#define TEST_RANDOM_NETS_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "net/activation.h"
#include "net/layer.h"
#include "net/net.h"
#include "net/prng.h"

/*
 * The seed of a test that judges shares of networks: what is said of those holds of most draws and not of all, so others
 * are drawn at level full only.
 */
static inline uint64_t
nets_seed(void)
{
	const char *given = getenv("PPDL_TEST_SEED"),
			   *level = getenv("PPDL_TEST_LEVEL");
	const uint64_t seed = given != NULL ? strtoull(given, NULL, 0) :
		level != NULL && strcmp(level, "full") == 0 ? (uint64_t) time(NULL) : 7919;

	printf("PPDL_TEST_SEED=%llu\n", (unsigned long long) seed);
	return seed;
}

/* uniform in [lo, hi] */
static inline double
between(PpdlPrng *r, double lo, double hi)
{
	return lo + (hi - lo) * ppdl_prng_uniform(r);
}

static inline int
pick(PpdlPrng *r, int lo, int hi)
{
	return lo + (int) ppdl_prng_below(r, (uint64_t) (hi - lo + 1));
}

typedef enum NetKind
{
	NET_LINEAR,
	NET_WILD,					/* linear, weights of 1e-9 to 1e3 */
	NET_SQUARE,					/* one hidden layer */
	NET_SQUARES,				/* two, or up to four */
	NET_FIT,					/* a Chebyshev activation */
	NET_POLY,
	NET_CONV,					/* convolution, a square, outputs */
	NET_POOL,					/* convolution, a pool, a square behind one of them, another square, outputs */
	NET_MIXED,					/* a square, then a Chebyshev activation: too deep for the row ring */
	NET_KINDS
} NetKind;

static inline const char *
net_kind_name(NetKind kind)
{
	static const char *const name[] = {"linear", "linear, 1e-9 to 1e3", "one square", "squares", "fit", "polynomial",
									   "convolution", "convolution, pool", "square, fit"};

	return name[kind];
}

static inline void
random_weights(PpdlPrng *r, PpdlLayer *l, double size, int wild)
{
	const size_t n = (size_t) ppdl_layer_weight_count(l),
				fan_in = (size_t) ppdl_layer_fan_in(l);
	const int	style = pick(r, 0, 3);
	const double f = size / sqrt((double) fan_in);

	for (size_t i = 0; i < n; i++)
	{
		double		u = between(r, -1, 1);

		if (wild)
			l->w[i] = copysign(exp(between(r, log(1e-9), log(1e3))), u);
		else if (style == 0)
			l->w[i] = 1.73 * f * u;
		else if (style == 1)
			l->w[i] = f * ppdl_prng_normal(r);
		else if (style == 2)
			l->w[i] = f * (1 + 0.01 * u);
		else
			l->w[i] = pick(r, 0, 7) == 0 || i % fan_in == 0 ? 2 * f * u : 0;
	}
	for (int u = 0; u < ppdl_layer_bias_count(l); u++)
		l->bias[u] = between(r, -0.3, 0.3) * size;
}

/* the furthest that units of a layer get for |v_i| <= in */
static inline double
reach_of(const PpdlLayer *l, double in)
{
	const size_t fan_in = (size_t) ppdl_layer_fan_in(l);
	double		most = l->kind == PPDL_LAYER_POOL ? in : 0;

	for (int u = 0; u < ppdl_layer_bias_count(l); u++)
	{
		double		sum = fabs(l->bias[u]);

		for (size_t i = 0; i < fan_in; i++)
			sum += in * fabs(l->w[(size_t) u * fan_in + i]);
		most = fmax(most, sum);
	}
	return most;
}

static inline PpdlStatus
random_activation(PpdlPrng *r, PpdlLayer *l, NetKind kind, int layer, double in, int max_degree, PpdlError *e)
{
	static const char *const fit[] = {"relu", "sigmoid", "tanh", "silu"};

	if (kind == NET_POLY)
	{
		double		c[5] = {between(r, -1, 1), between(r, 0.3, 1), between(r, -0.5, 0.5), between(r, -0.3, 0.3),
							between(r, -0.1, 0.1)};

		return ppdl_activation_poly(&l->act, c, pick(r, 4, max_degree > 4 ? 5 : 4), e);
	}
	if (kind == NET_FIT || (kind == NET_MIXED && layer == 1))
	{
		const double a = fmax(0.5, fmin(500, reach_of(l, in)) * between(r, 0.5, 1.5));
		const int	degree = max_degree > 7 && pick(r, 0, 3) == 0 ? 15 : max_degree > 3 && pick(r, 0, 1) ? 7 : 3;

		return ppdl_activation_fit(&l->act, fit[pick(r, 0, 3)], degree, -a, a, e);
	}
	if (pick(r, 0, 2) == 0)
	{
		double		c[3] = {between(r, -0.5, 0.5), between(r, -1, 1), between(r, 0.2, 1)};

		if (pick(r, 0, 1) == 0)
			c[2] = -c[2];
		return ppdl_activation_poly(&l->act, c, 3, e);
	}
	ppdl_activation_exact(&l->act, pick(r, 0, 1) ? "square" : "quadratic");
	return PPDL_OK;
}

/* an image of about `width` values, in windows that are about a fifth of them */
static inline void
conv_spec(PpdlPrng *r, char *json, size_t size, NetKind kind, int width, int hidden, int outputs)
{
	const int	channels = width >= 18 ? pick(r, 1, 2) : 1,
				height = (int) fmax(2, sqrt(width / channels) * between(r, 0.7, 1)),
				across = (int) fmax(2, width / channels / height),
				least = height < across ? height : across,
				kernel = pick(r, least < 3 ? 1 : 2, least < 4 ? least : 4),
				stride = pick(r, 1, 2),
				out = ((least - kernel) / stride) + 1;
	int			n = snprintf(json, size, "{\"inputs\":%d,\"shape\":[%d,%d,%d],\"layers\":[{\"conv2d\":{\"filters\":%d,"
							 "\"kernel\":%d,\"stride\":%d}}", channels * height * across, channels, height, across,
							 pick(r, 1, 3), kernel, stride);

	if (kind == NET_POOL)
	{
		/* drawn one after the other: compilers differ in which argument they draw first */
		const int	units = pick(r, 1, hidden),
					step = pick(r, 1, 2),
					edge = pick(r, 1, out < 3 ? out : 3);

		n += snprintf(json + n, size - (size_t) n, ",{\"pool\":\"average\",\"size\":%d,\"stride\":%d},{\"units\":%d}",
					  edge, step, units);
	}
	/* an image may have fewer values than were asked for, and room for fewer outputs */
	snprintf(json + n, size - (size_t) n, ",{\"units\":%d}]}", outputs <= channels * height * across / 2 ? outputs : 1);
}

static inline void
dense_spec(PpdlPrng *r, char *json, size_t size, int layers, int width, int hidden, int outputs)
{
	int			n = snprintf(json, size, "{\"inputs\":%d,\"layers\":[", width);

	for (int l = 0; l < layers; l++)
		n += snprintf(json + n, size - (size_t) n, "%s{\"units\":%d}", l > 0 ? "," : "", l + 1 < layers ?
					  pick(r, 1, hidden) : outputs);
	snprintf(json + n, size - (size_t) n, "]}");
}

/* one of conv2d and the pool behind it has an activation */
static inline int
has_activation(const PpdlNet *net, int l, int pool)
{
	const int	next_is_pool = net->layer[l + 1].kind == PPDL_LAYER_POOL;

	return net->layer[l].kind == PPDL_LAYER_POOL ? pool : !(next_is_pool && pool);
}

/*
 * weights and activations of a network of the given kind; hidden: units of its dense hidden layers, at most; width of
 * images: more or less
 */
static inline PpdlStatus
random_net(PpdlNet **out, PpdlPrng *r, NetKind kind, int width, int hidden, int outputs, int depth, int max_degree,
		   PpdlError *e)
{
	const int	layers = kind <= NET_WILD ? 1 : kind == NET_SQUARES ? depth + 1 : kind == NET_MIXED ? 3 : 2;
	char		json[1024];
	double		in = 1;
	int			pool = 0,
				n;
	PpdlStatus	status;

	if (kind == NET_CONV || kind == NET_POOL)
		conv_spec(r, json, sizeof(json), kind, width, hidden, outputs);
	else
		dense_spec(r, json, sizeof(json), layers, width, hidden, outputs);
	if (kind == NET_POOL)
		pool = pick(r, 0, 1);
	PPDL_TRY(ppdl_net_parse(out, json, e));
	n = ppdl_net_weight_count(*out);
	{
		double	   *zero = calloc((size_t) n, sizeof(double));

		status = ppdl_net_set_weights(*out, zero, n, e);
		free(zero);
	}
	for (int l = 0; l < (*out)->nlayers && status == PPDL_OK; l++)
	{
		PpdlLayer  *layer = &(*out)->layer[l];

		random_weights(r, layer, between(r, 0.4, l == 0 ? 2 : 1.2), kind == NET_WILD);
		if (l + 1 < (*out)->nlayers && has_activation(*out, l, pool))
			status = random_activation(r, layer, kind, l, in, max_degree, e);
		in = fmin(4, reach_of(layer, in));
	}
	if (status != PPDL_OK)
		ppdl_net_destroy(*out);
	return status;
}

typedef enum RowKind
{
	ROW_INSIDE,
	ROW_CORNER,
	ROW_EXTREME,				/* where a unit of the first layer is largest */
	ROW_CLIMBED,				/* from there to where an output is far out: slopes are steep, too */
	ROW_KINDS
} RowKind;

/* turns each input that takes output j further up (or down), all at once */
static inline void
climb_row(const PpdlNet *net, double *x, int j, double up)
{
	double		out[512],
				here;
	uint8_t    *turn = calloc((size_t) net->inputs, 1);

	ppdl_net_predict(net, x, out, NULL);
	here = up * out[j];
	for (int k = 0; k < net->inputs; k++)
	{
		x[k] = -x[k];
		ppdl_net_predict(net, x, out, NULL);
		x[k] = -x[k];
		turn[k] = up * out[j] > here;
	}
	for (int k = 0; k < net->inputs; k++)
		x[k] = turn[k] ? -x[k] : x[k];
	free(turn);
}

static inline void
random_row(PpdlPrng *r, const PpdlNet *net, double *x, RowKind kind)
{
	const PpdlLayer *first = &net->layer[0];
	const size_t inputs = (size_t) first->inputs,
				units = (size_t) first->units;
	double	   *map = malloc(sizeof(double) * units * (inputs + 1));
	const double *w = map + (size_t) pick(r, 0, first->units - 1) * inputs,
				sign = pick(r, 0, 1) ? 1 : -1;

	ppdl_layer_map(first, map, map + units * inputs);

	for (int k = 0; k < net->inputs; k++)
	{
		x[k] = between(r, -1, 1);
		if (kind == ROW_CORNER)
			x[k] = copysign(1, x[k]);
		if (kind >= ROW_EXTREME)
			x[k] = copysign(1, sign * w[k]);
	}
	free(map);
	for (int step = 0; kind == ROW_CLIMBED && step < 2; step++)
		climb_row(net, x, pick(r, 0, net->layer[net->nlayers - 1].units - 1), sign);
}

/* ---- errors against their estimates ---- */

typedef struct NetErrors
{
	int			outputs;
	size_t		rows[ROW_KINDS];
	double		squares[ROW_KINDS][512],	/* of each output */
				worst;
} NetErrors;

static inline void
net_errors_add(NetErrors *n, RowKind kind, const double *got, const double *want)
{
	for (int j = 0; j < n->outputs; j++)
	{
		n->squares[kind][j] += (got[j] - want[j]) * (got[j] - want[j]);
		n->worst = fmax(n->worst, fabs(got[j] - want[j]));
	}
	n->rows[kind]++;
}

static inline double
net_errors_rms(const NetErrors *n)
{
	double		most = 0;

	for (int kind = 0; kind < ROW_KINDS; kind++)
		for (int j = 0; n->rows[kind] > 0 && j < n->outputs; j++)
			most = fmax(most, n->squares[kind][j] / (double) n->rows[kind]);
	return sqrt(most);
}

#define TALLY_MAX 1024

/* of many networks and sums */
typedef struct Tally
{
	int			count;
	double		sigma[TALLY_MAX],	/* largest error over the estimate */
				slack[TALLY_MAX];	/* log2 of the estimate over the truth */
} Tally;

static inline void
tally_add(Tally *t, double worst, double rms, double estimate)
{
	if (t->count == TALLY_MAX || !(estimate > 0))
		abort();
	t->sigma[t->count] = worst / estimate;
	t->slack[t->count++] = log2(estimate / fmax(rms, estimate * 0x1p-40));
}

static int
compare_doubles(const void *a, const void *b)
{
	const double x = *(const double *) a,
				y = *(const double *) b;

	return (x > y) - (x < y);
}

/* the value that a share of all stays below */
static inline double
tally_quantile(double *v, int n, double share)
{
	qsort(v, (size_t) n, sizeof(*v), compare_doubles);
	return v[(int) ceil(share * n) - 1];
}

/* two sides: by how many deviations the estimate was exceeded, by how many bits it is too large */
static inline void
tally_print(const Tally *t, FILE *out)
{
	int			sigma[9] = {0},
				slack[10] = {0};

	for (int i = 0; i < t->count; i++)
	{
		int			s = (int) floor(t->sigma[i]),
					b = (int) floor(t->slack[i]) + 1;

		sigma[s > 8 ? 8 : s]++;
		slack[b < 0 ? 0 : b > 9 ? 9 : b]++;
	}
	fprintf(out, "largest error, in stated deviations:");
	for (int s = 0; s < 9; s++)
		fprintf(out, "  %s%d: %d", s == 8 ? ">=" : "<", s == 8 ? 8 : s + 1, sigma[s]);
	fprintf(out, "\nbits that the stated deviation is above the true one:");
	for (int b = 0; b < 10; b++)
		fprintf(out, "  %s%d: %d", b == 9 ? ">=" : "<", b == 9 ? 8 : b, slack[b]);
	fprintf(out, "\n");
}

#endif
