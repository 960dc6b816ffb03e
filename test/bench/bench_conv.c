/*
 * Convolution networks on packed pixels in the row ring, and how near they come to their twins in the clear: prints
 * `name<TAB>value<TAB>unit<TAB>note`.  CPU times of one thread, the least of some runs.
 */
#include <complex.h>
#include <math.h>
#include <stdint.h>

#include "bench.h"
#include "../unit/estimate_real.h"
#include "net/train.h"

#define RUNS 4

static PpdlNet *
network(int edge)
{
	PpdlTrainOptions opt;
	PpdlNet    *net;
	char		json[256];

	snprintf(json, sizeof(json),
			 "{\"inputs\":%d,\"layers\":[{\"conv2d\":{\"filters\":4,\"kernel\":4,\"stride\":2},\"activation\":\"quadratic\"},"
			 "{\"pool\":\"average\",\"size\":2},{\"units\":16,\"activation\":\"quadratic\"},{\"units\":1}]}", edge * edge);
	OK(ppdl_net_parse(&net, json, &err));
	OK(ppdl_train_options_parse(&opt, "{\"init_scale\":0.5}", &err));
	OK(ppdl_net_init(net, &opt, &err));
	return net;
}

static void
bench_network(RealRing *r, int edge)
{
	PpdlNet    *net = network(edge);
	const int	logk = ppdl_log2_width(edge * edge);
	RealBatch	b = {.rows = 1 << (r->par->logn - logk), .width = edge * edge};
	NetErrors	errors = {.outputs = 1};
	PpdlPredictor *p;
	PpdlPacked	packed;
	PpdlCt		out;
	double		create = now(),
				best = 1e9,
				estimate = 0;

	OK(ppdl_predictor_create(&p, net, b.width, ldexp(1, 30 + r->par->logn - logk), NULL, NULL, &err));
	create = now() - create;
	b.x = malloc(sizeof(double) * (size_t) (b.rows * b.width));
	for (int i = 0; i < b.rows * b.width; i++)
		b.x[i] = between(&r->random, -1, 1);
	real_encrypt(r, &b, r->par->nq);
	for (int run = 0; run <= repeats(RUNS - 1); run++)
	{
		double		t = now();

		real_pack(r, &b, 1, 0, ppdl_predictor_limbs(p), &packed);
		OK(ppdl_predictor_run(p, &r->ev, &out, &packed, 1, &err));
		/* the first one makes the keys */
		if (run > 0)
			best = fmin(best, now() - t);
		real_compare(r, net, &b, &packed, &out, &errors);
		estimate = out.noise * sqrt((double) r->par->n) / out.scale;
		ppdl_ct_release(&r->ev, &out);
		ppdl_packed_release(&r->ev, &packed);
	}
	printf("predict_conv%d_rows_per_s\t%.0f\trows/s\t%d x %d pixels, 4 filters of 4 x 4, pool of 2 x 2, 16, 1: complete batches of %d rows; %.1f bits right at worst, %.1f stated; %.1f s and %.0f MB to prepare\n",
		   edge, b.rows / best, edge, edge, b.rows, -log2(errors.worst), -log2(estimate), create,
		   (double) ppdl_predictor_bytes(p) / 1e6);
	fflush(stdout);
	ppdl_predictor_destroy(p);
	ppdl_net_destroy(net);
	real_batch_free(&b);
}

int
main(void)
{
	RealRing	r;

	real_start(&r, 1);
	bench_network(&r, 16);
	bench_network(&r, 32);
	real_end(&r);
	return 0;
}
