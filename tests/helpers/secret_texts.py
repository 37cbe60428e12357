"""Texts with a secret in them, by shape, and texts of bioinformatics that have none."""

from dataclasses import dataclass
from typing import Final

SECRET: Final = "hunter2X9q"  # noqa: S105
"""A secret without a shape of its own: only what is around it gives it away."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A way to write a secret: ``{}`` stands for it."""

    what: str
    text: str
    masked: str
    secret: str = SECRET

    @property
    def written(self) -> str:
        """The text with the secret in it."""
        return self.text.replace("{}", self.secret)


def _token(service: str, token: str) -> Shape:
    return Shape(f"a token of {service}", "using {} for it", "using *** for it", token)


_BODY: Final = "\n".join(["MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEA"] * 4)

# The tokens are put together here, so that no scanner takes this file for a leak.
SHAPES: Final = (
    Shape(
        "attached to `-p` of mysql and its like", "mysql -u ann -p{} db", "mysql -u ann -p*** db"
    ),
    Shape("`sshpass -p`", "sshpass -p {} ssh a@h", "sshpass -p *** ssh a@h"),
    Shape("with its prompt", "sshpass -P word -p {} ssh a", "sshpass -P word -p *** ssh a"),
    Shape("`sqlcmd -P`", "sqlcmd -S h -P {} -i a.sql", "sqlcmd -S h -P *** -i a.sql"),
    Shape("`twine upload -p`", "twine upload -u a -p {} d", "twine upload -u a -p *** d"),
    Shape("`vault login`", "vault login -no-print {}", "vault login -no-print ***"),
    Shape(
        "`npm config set`",
        "npm config set //r/:_authToken {}",
        "npm config set //r/:_authToken ***",
    ),
    Shape("attached to `-p` of 7z", "7z x -p{} in.7z", "7z x -p*** in.7z"),
    Shape("`unzip -P`", "unzip -P {} in.zip", "unzip -P *** in.zip"),
    Shape("`curl -u user:X`", "curl -u ann:{} https://h", "curl -u ann:*** https://h"),
    Shape("in quotes, with a space", "curl -su 'a:x {}' https://h", "curl -su 'a:***' https://h"),
    Shape("`docker login -p`", "docker login -u a -p {} r", "docker login -u a -p *** r"),
    Shape("`synapse login -p`", "synapse login -u a -p {}", "synapse login -u a -p ***"),
    Shape("`lftp -u user,X`", "lftp -u ann,{} h", "lftp -u ann,*** h"),
    Shape("`wandb login`", "wandb login {}", "wandb login ***"),
    Shape("`http -a user:X`", "http -a ann:{} h", "http -a ann:*** h"),
    Shape(
        "`aws configure set`",
        "aws configure set aws_secret_access_key {}",
        "aws configure set aws_secret_access_key ***",
    ),
    Shape("`openssl -pass pass:`", "openssl enc -pass pass:{}", "openssl enc -pass ***"),
    Shape("a flag and its value", "tool --api-token {} in", "tool --api-token *** in"),
    Shape("a flag with `=`", "tool --pwd={} in", "tool --pwd=*** in"),
    Shape("`--auth`", "tool --auth {} in", "tool --auth *** in"),
    Shape(
        "a flag of a storage plugin",
        "--storage-zenodo-access-token {}",
        "--storage-zenodo-access-token ***",
    ),
    Shape("an assignment", "DBPASS={} tool", "DBPASS=*** tool"),
    Shape("a variable that ends in `_KEY`", "WANDB_KEY={} tool", "WANDB_KEY=*** tool"),
    Shape("an assignment with quotes in quotes", 'TOKEN="ab\\"{}" tool', 'TOKEN="***" tool'),
    Shape("an assignment with escapes", "TOKEN=$'a\\n{}' tool", "TOKEN=*** tool"),
    Shape("an assignment with a broken quote", "TOKEN='it'\\''s {}' tool", "TOKEN='***' tool"),
    Shape("an assignment, quoted in part", 'TOKEN=ab" {}"c tool', "TOKEN=*** tool"),
    Shape("an assignment that is cut off", 'PASSWORD="a {}', "PASSWORD=***"),
    Shape("an assignment inside of quotes", 'run -e "TOKEN={}" "x"', 'run -e "TOKEN=***" "x"'),
    Shape("an assignment that adds", "TOKEN+={} tool", "TOKEN+=*** tool"),
    Shape("what a command prints", "TOKEN=$(echo {}) tool", "TOKEN=*** tool"),
    Shape("a here-string", "read TOKEN <<< {}", "read TOKEN <<< ***"),
    Shape("a short name", "tool --pw {} pw={} creds={}", "tool --pw *** pw=*** creds=***"),
    Shape("`setenv`", "setenv API_TOKEN {}", "setenv API_TOKEN ***"),
    Shape("an index of Python or R", 'environ["API_TOKEN"] = "{}"', 'environ["API_TOKEN"] = "***"'),
    Shape("JSON", '{"password": "{}", "n": 1}', '{"password": "***", "n": 1}'),
    Shape("JSON in JSON", '"{\\"password\\": \\"{}\\"}"', '"{\\"password\\": \\"***\\"}"'),
    Shape("a list of arguments", "['tool', '--token', '{}']", "['tool', '--token', '***']"),
    Shape("a list in YAML", "passwords: [a, {}]", "passwords: ***"),
    Shape("a block in YAML", "password: |\n  a\n  {}\nn: 1", "password: ***\nn: 1"),
    Shape("XML", "<password>{}</password>", "<password>***</password>"),
    Shape(
        "XML with attributes",
        "<password type='a'>{}</password>",
        "<password type='a'>***</password>",
    ),
    Shape("a password in a URL", "https://ann:{}@h/x", "https://ann:***@h/x"),
    Shape("a token in a URL", "https://{}@h/x", "https://***@h/x", "abcdefghij0123456789"),
    Shape("in a URL's query", "https://h/a?sv=1&sig={}&se=2", "https://h/a?sv=1&sig=***&se=2"),
    Shape(
        "a connection string",
        "AccountName=a;AccountKey={};Endpoint=b",
        "AccountName=a;AccountKey=***;Endpoint=b",
    ),
    Shape("a header", "-H 'X-Api-Key: {}'", "-H 'X-Api-Key: ***'"),
    Shape("an authorization", "Authorization: Bearer {}", "Authorization: Bearer ***"),
    Shape("an authorization without a scheme", "Authorization: {}", "Authorization: ***"),
    Shape("a cookie", "Cookie: session={}; a=b", "Cookie: ***"),
    Shape("in colour", "\x1b[1mTOKEN\x1b[0m=\x1b[31m{}\x1b[0m x", "TOKEN=*** x"),
    Shape("in colour by `tput`", "PASSWORD\x1b(B\x1b[m: {} x", "PASSWORD: *** x"),
    Shape("after a link", "TOKEN=\x1b]8;;http://h\x07{} x", "TOKEN=*** x"),
    Shape(
        "in a link",
        "\x1b]8;;http://h?token={}\x07x\x1b]8;;\x07",
        "\x1b]8;;http://h?token=***\x07x\x1b]8;;\x07",
    ),
    Shape("with a colour inside", "TO\x1b[1mKEN={} x", "TOKEN=*** x"),
    Shape(
        "a private key",
        f"a\n-----BEGIN RSA PRIVATE KEY-----\n{_BODY}\n{{}}\n-----END RSA PRIVATE KEY-----\nb",
        "a\n***\nb",
    ),
    Shape(
        "a private key in SSH's format",
        "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n{}\n---- END SSH2 ENCRYPTED PRIVATE KEY ----",
        "***",
    ),
    Shape("a private key's end", f"a\n{_BODY}\n{{}}\n-----END PRIVATE KEY-----\nb", "a\n***\nb"),
    Shape("a private key's begin", f"a\n-----BEGIN PRIVATE KEY-----\n{_BODY}\n{{}}", "a\n***"),
    _token("Stripe", "sk_live_abcdefghij12345"),
    _token("PyPI", "pypi-AgEIcHlwaS5vcmcCJDU"),
    _token("Google", "ya29.a0AfH6SMBx-yz12345"),
    _token("SendGrid", "SG.abcdefghijklmnopqrst.abcdefghijklmnopqrstuv"),
    _token("DigitalOcean", "dop_v1_" + "0a" * 32),
    _token("a model provider", "sk-abcdefghijklmnopqrstuvwx1234"),
    _token("GitHub", "ghp_" + "a1B2" * 9),
    _token("GitLab", "glpat-abcdefghij_klmnop-q"),
    _token("AWS", "AKIAIOSFODNN7EXAMPLE"),
    _token("Hugging Face", "hf_" + "a1B2" * 8),
    _token("Slack", "xoxb-1234567890-abcdef"),
    _token("Databricks", "dapi" + "0a1b2c3d" * 4),
    _token("HashiCorp's Vault", "hvs.abcdefghij0123456789AB"),
    _token("npm", "npm_" + "a1B2" * 9),
    _token("Telegram", "123456789:AA" + "b1C2" * 8 + "x"),
    _token("a web service (JWT)", "eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM.abc-def_g"),
    Shape(
        "a web hook of Slack",
        "https://hooks.slack.com/services/{}",
        "https://hooks.slack.com/services/***",
        "T000/B000/XXXXyyyy",
    ),
)

HARMLESS: Final = r"""
samtools sort -@ 4 -o sorted.bam -T tmp/sample in.bam
samtools view -b -q 30 -F 0x904 -@ 8 in.bam chr1:1-1000 > out.bam
samtools markdup -r -s --write-index dedup.bam out.bam
bwa mem -t 8 -R '@RG\tID:s1\tSM:s1\tPL:ILLUMINA' ref.fa r1.fq.gz r2.fq.gz | samtools sort -u -o s1.bam -
bowtie2 -p 8 -x index -1 a_1.fq -2 a_2.fq --un-conc-gz un.fq.gz -S out.sam
STAR --runThreadN 8 --genomeDir idx --twopassMode Basic --readFilesCommand zcat --outSAMtype BAM Unsorted
hisat2 -p 4 --summary-file s.txt --new-summary -x idx -U in.fq -S out.sam
salmon quant -i idx -l A -1 a.fq -2 b.fq -p 8 --validateMappings -o quant
kallisto quant -i idx -o out -b 100 -t 8 a.fq b.fq
fastp -i in.fq -o out.fq -p -P 20 --json fastp.json --html fastp.html -w 4
fastqc -t 2 -o qc in.fq; grep '>>Basic Statistics' fastqc_data.txt
cutadapt -a AGATCGGAAGAGC -o out.fq -p out2.fq in.fq in2.fq -j 4 --minimum-length 20
trimmomatic PE -threads 4 a b c d e f ILLUMINACLIP:adapters.fa:2:30:10 SLIDINGWINDOW:4:15
bcftools view -f PASS -i 'FILTER="PASS" && QUAL>30' in.vcf.gz -Oz -o out.vcf.gz
bcftools filter -s LowQual -e '%QUAL<20 || DP>100' --SnpGap 5 in.vcf
bcftools annotate -x FORMAT -c CHROM,POS,KEY -h header.txt in.vcf
gatk HaplotypeCaller -R ref.fa -I in.bam -O out.vcf --native-pair-hmm-threads 4
gatk SelectVariants --exclude-filtered --select-type-to-include SNP -V in.vcf -O o.vcf
picard MarkDuplicates I=in.bam O=out.bam M=metrics.txt VALIDATION_STRINGENCY=SILENT
bedtools intersect -a a.bed -b b.bed -u -wa | sort -k1,1 -k2,2n | uniq -c
sort -k 2,2 -k3,3n --key=4 -t $'\t' -u table.tsv > sorted.tsv
sort --key 1,1 -u a:b in.txt
awk -v KEY=3 -v OFS='\t' '{print $KEY}' columns.bed
awk 'BEGIN{FS=OFS="\t"} NR>1 && $3=="passed" {passed++} END {print "passed=" passed}' qc.tsv
echo passed=3 failed=1 passes: 2 bypass=1 lowpass=0.1 highpass=30
cut -f1,3 -d ',' in.csv | paste - - > out.tsv
mkdir -p results/tokens results/auth && cp -p in.txt results/
rsync -avP -p host:data/ data/ && tar -cpf out.tar data
train --tokenizer bert --max-tokens 5 --n-tokens=128 tokens/train.json
python tokenize.py --token-length 5 --vocab tokens/vocab.txt tokenizer.json
psql -h host -p 5432 -U ann -d db -c 'select primary_key, foreign_key from t'
mysql --port=3306 -h host -u ann -p db -e 'select id, sort_key from t'
snakemake --keep-going --cores 4 --rerun-incomplete --key-not-a-flag=all
dvc add data.bin && md5sum data.bin && echo 5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9
curl -sSL -o out.fa.gz https://ftp.ensembl.org/pub/release-110/fasta/x.fa.gz
curl -C - -O https://host:8080/path/key/token/a.txt?x=1
wget -q -U "Mozilla/5.0 (X11; Linux)" https://host/a.gz -O a.gz
docker run -u 1000:1000 -v $PWD:/data -p 8080:80 image tool
singularity exec --pwd /data -B $PWD:/data image.sif tool
apptainer exec --bind /scratch --pwd $PWD image.sif tool
date -u +%H:%M:%S && date -u '+%Y-%m-%dT%H:%M'
export PWD=/home/ann OLDPWD=/tmp; cd "$PWD"
git clone https://github.com/snakemake/snakemake && git config user.name ann
ssh -i ~/.ssh/key -p 22 ann@host 'ls keys'
conda env create -f envs/key.yaml -p .snakemake/conda/0a1b2c3d
Rscript plot.R --signature sig.rds --signatures 5 signature=SBS3 sig=0.05
sourmash sketch dna -p k=31,scaled=1000 --name s1 -o s1.sig in.fq; sourmash compare s1.sig
SigProfilerExtractor --minimum_signatures 1 --maximum_signatures 10 --signature_type SBS
macs2 callpeak -t chip.bam -c input.bam -f BAM -g hs -n s1 -q 0.01 --keep-dup auto
multiqc --author Ann --title "Key figures" -f qc
bwa index -a bwtsw ref.fa; samtools faidx ref.fa
featureCounts -T 4 -p -B -C -a genes.gtf -o counts.txt in.bam
ffmpeg -pass 1 -i in.mp4 out.mp4
plink --bfile in --keep keep.txt --pheno p.txt --pheno-name KEY --out res
Authors: Ann, Bob; authority=NCBI; author=Ann
the password is not known, and no token was given
Error in rule all: jobid: 3, output: results/token/a.txt
key=value key: value KEY=chrom keys=3 group_key=sample cache_key=abc join_key=id
--secret-file /run/secrets/x --token-file token.txt --password-stdin
/data/secret_santa/passport.txt passages.tsv compass.csv
echo 10:30 a@b user@host:/path mailto:ann@host
2026-01-01 12:00:00 INFO key: sample1 value: 3
[Sun Nov 29 19:16:16 2026] Finished jobid: 3 (Rule: token)
KeyError: 'sample_01_lane2_run3'
KeyError: 'ENSG00000141510.18'; InvalidKeyError: GRCh38_chr22_patch1
PASS: 45231 WARN: 3 FAIL: 2 PASS: 99.1%
pass_rate=0.9831 reads_pass=1234567 low_pass=0.1 qc_pass=sample_A.bam filter=PASS
tool --pass out/pass.bam; tool --pass=results/a/b --n-pass 12000
{"pass": 1234, "fail": 12, "pass_rate": 0.98}
awk '{if ($3 > 1) {pass=pass+1}} END {print pass}' in.tsv
bos_token_id=50256 --pad-token '<pad>' eos_token=[SEP]
BATCH_KEY=lane1 LANE_KEY=L001 READ_KEY=R1
signature=cosmic_v3.2_SBS_GRCh37 key <- "gene_symbol_ensembl_v110"
Command 'set -e; echo 'PASS: 45231'; echo 'pass_rate=0.9831'; echo 'key\tvalue'' failed
--set-resources qc_pass:mem_mb=12000 pass=len(kept)
pw <- 0.05; pw: 12.5 --pw 3000
credits=12345 credible=interval_95_percent pwm=motif
""".strip().splitlines()
"""Lines in which nothing is masked."""
