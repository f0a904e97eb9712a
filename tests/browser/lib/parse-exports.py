# Reads exported files with parsers that are not ours, and prints what each of them found as JSON.
import csv
import json
import re
import sys
import xml.etree.ElementTree as tree
from html.parser import HTMLParser


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.handlers, self.text = set(), [], []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.handlers += [f"{tag} {name}={value}" for name, value in attrs if name.startswith("on")]
        self.handlers += [value for name, value in attrs if value and value.strip().lower().startswith("javascript:")]

    def handle_data(self, data):
        self.text.append(data)


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file, strict=True))


def read_lines(path):
    with open(path, encoding="utf-8", newline="\n") as file:
        return [json.loads(line) for line in file.read().split("\n") if line]


def read_svg(path):
    root = tree.parse(path).getroot()
    return {
        "tags": sorted({element.tag.split("}")[-1] for element in root.iter()}),
        "titles": [element.text or "" for element in root.iter() if element.tag.endswith("}title")],
    }


def read_html(path):
    tags = Tags()
    with open(path, encoding="utf-8") as file:
        tags.feed(file.read())
    tags.close()
    return {"tags": sorted(tags.tags), "handlers": tags.handlers, "text": "".join(tags.text)}


def read_folded(path):
    with open(path, encoding="utf-8", newline="\n") as file:
        lines = [re.fullmatch(r"(.+) (\d+)", line) for line in file.read().split("\n") if line]
    return [[line[1].split(";"), int(line[2])] for line in lines]


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


READERS = {"csv": read_csv, "jsonl": read_lines, "svg": read_svg, "html": read_html, "folded": read_folded, "json": read_json}
print(json.dumps({path: READERS[path.rsplit(".", 1)[-1]](path) for path in sys.argv[1:]}))
