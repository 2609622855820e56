# Sample-wise gene set scores: Bioconductor's GSVA.
suppressPackageStartupMessages(library(GSVA))

full <- function(x) sprintf("%.17g", x)
x <- as.matrix(read.csv("expression.csv", row.names = 1))
sets <- read.csv("gene_sets.csv")
sets <- split(sets$gene, sets$set)

save <- function(scores, file) {
  table <- as.data.frame(t(scores))
  write.csv(
    data.frame(sample = rownames(table), lapply(table, full)), file,
    row.names = FALSE, quote = FALSE
  )
}
score <- function(...) {
  gsva(x, sets, min.sz = 1, max.sz = Inf, parallel.sz = 1, verbose = FALSE, ...)
}

save(
  score(method = "ssgsea", tau = 0.25, ssgsea.norm = FALSE, abs.ranking = FALSE),
  "gsva_ssgsea.csv"
)
save(
  score(method = "ssgsea", tau = 0.25, ssgsea.norm = TRUE, abs.ranking = FALSE),
  "gsva_ssgsea_normalised.csv"
)
save(score(method = "zscore"), "gsva_zscore.csv")
save(
  score(method = "gsva", kcdf = "Gaussian", tau = 1, mx.diff = TRUE, abs.ranking = FALSE),
  "gsva_gaussian.csv"
)
save(
  score(method = "gsva", kcdf = "Gaussian", tau = 1, mx.diff = FALSE, abs.ranking = FALSE),
  "gsva_gaussian_max.csv"
)
x <- as.matrix(read.csv("counts.csv", row.names = 1))
for (mx.diff in c(TRUE, FALSE)) {
  save(
    score(method = "gsva", kcdf = "Poisson", tau = 1, mx.diff = mx.diff, abs.ranking = FALSE),
    if (mx.diff) "gsva_poisson.csv" else "gsva_poisson_max.csv"
  )
}
