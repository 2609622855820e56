# Draws counts without ties inside a sample or inside a gene: 300 genes x 12 samples, for the
# Poisson kernel of GSVA.
RNGversion("4.2.0")
set.seed(104)
draw <- function(genes, samples) {
  level <- exp(runif(genes, 3, 7))
  x <- matrix(0, genes, samples)
  for (j in seq_len(samples)) {
    for (i in seq_len(genes)) {
      repeat {
        value <- rnbinom(1, mu = level[i], size = 3)
        if (!(value %in% x[seq_len(i - 1), j]) && !(value %in% x[i, seq_len(j - 1)])) break
      }
      x[i, j] <- value
    }
  }
  x
}
x <- draw(300, 12)
dimnames(x) <- list(sprintf("G%03d", 1:300), sprintf("S%02d", 1:12))
stopifnot(!any(apply(x, 2, anyDuplicated)), !any(apply(x, 1, anyDuplicated)))
write.csv(data.frame(gene = rownames(x), x), "counts.csv", row.names = FALSE, quote = FALSE)
