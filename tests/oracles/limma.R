# Moderated t with and without a mean-variance trend: limma.
suppressPackageStartupMessages(library(limma))

full <- function(x) sprintf("%.17g", x)
x <- as.matrix(read.csv("limma_expression.csv", row.names = 1))
samples <- read.csv("limma_samples.csv", row.names = 1)[colnames(x), ]
design <- cbind(intercept = 1, target = samples$target, age = samples$age)

for (trend in c(TRUE, FALSE)) {
  fit <- eBayes(lmFit(x, design), trend = trend)
  table <- data.frame(
    gene = rownames(x),
    estimate = full(fit$coefficients[, "target"]),
    sigma = full(fit$sigma),
    stdev_unscaled = full(fit$stdev.unscaled[, "target"]),
    amean = full(fit$Amean),
    df_residual = full(fit$df.residual),
    df_prior = full(rep_len(fit$df.prior, nrow(x))),
    s2_prior = full(rep_len(fit$s2.prior, nrow(x))),
    s2_post = full(fit$s2.post),
    df_total = full(fit$df.total),
    t = full(fit$t[, "target"]),
    p_value = full(fit$p.value[, "target"])
  )
  file <- if (trend) "limma_trend.csv" else "limma_plain.csv"
  write.csv(table, file, row.names = FALSE, quote = FALSE)
}
